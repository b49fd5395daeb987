import type { ServerResponse } from 'node:http';
import type { ProxySettings } from './proxy-profiles.js';

const TITLES: Readonly<Record<number, string>> = {
  200: 'Please sign in',
  502: 'Bad Gateway',
  503: 'Service Temporarily Unavailable',
  504: 'Gateway Time-out',
  524: 'A timeout occurred',
};

/** The HTML that stands in for an answer, much as each proxy words it. */
export function errorPage(kind: ProxySettings['kind'], status: number) {
  const title = `${status} ${TITLES[status] ?? 'Error'}`;
  const html =
    kind === 'cloudflare'
      ? `<!DOCTYPE html>\n<html lang="en-US">\n<head>\n<title>${title}</title>\n<meta charset="UTF-8" />\n</head>\n<body>\n\n<h1>Error code ${status}</h1>\n\n<p>The origin web server timed out responding to this request.</p>\n\n</body>\n</html>\n`
      : `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`;
  return {
    html,
    sendTo(response: ServerResponse) {
      if (response.headersSent || response.destroyed) return;
      const length = Buffer.byteLength(html);
      response.writeHead(status, { 'content-type': 'text/html', 'content-length': length }).end(html);
    },
  };
}
