import { Metadata } from '@grpc/grpc-js';
import { askingToWait } from '../harness/drivers/grpc-refuser.js';
import { pushbackMs } from './retry-info';

describe('a server that asks its client to wait', () => {
  const metadata = (names: readonly string[]) => {
    const all = new Metadata();
    for (const [name, value] of Object.entries(askingToWait(14, 20_500)))
      if (names.includes(name)) all.set(name, name.endsWith('-bin') ? Buffer.from(value, 'base64') : value);
    return { code: 14, details: '', metadata: all };
  };

  it('says so by pushback', () => {
    expect(pushbackMs(metadata(['grpc-retry-pushback-ms']))).toBe(20_500);
  });

  it('says the same by RetryInfo in the details of its status', () => {
    expect(pushbackMs(metadata(['grpc-status-details-bin']))).toBe(20_500);
  });
});
