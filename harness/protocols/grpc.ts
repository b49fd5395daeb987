import { garbageForGrpc } from '../drivers/garbage-grpc.js';
import { openGrpc } from '../drivers/grpc.js';
import { openSilentGrpc, startGrpcReference } from '../drivers/grpc-reference.js';
import { reflect } from '../drivers/grpc-reflection.js';
import { HarnessError } from '../errors.js';
import { decodeWith, learnServices, methodOf, patternOf, servicesOf } from '../grpc-services.js';
import { tapGrpc } from '../path/http2-tap.js';
import type { Protocol } from '../protocol.js';

const grpc: Protocol = {
  id: 'grpc',
  schemes: ['grpc', 'grpcs'],
  aliases: { http: 'grpc', https: 'grpcs' },
  pathless: true,
  opening: 'a gRPC call',
  serverKind: 'a gRPC server',
  remedies: ', the method with --method pkg.Service/Method, the fields of its request with --subscribe',
  // "Exponentially back off the start time of connection attempts" [connection-backoff.md].
  delaysFrom: 'start',
  // RFC 9113, 3.2: "HTTP/2 over TLS uses the \"h2\" protocol identifier".
  alpn: ['h2'],
  openStatus: 200,
  duplex: (target) => ['bidirectional', 'unary'].includes(patternOf(target) ?? ''),
  tap: (target) => tapGrpc(decodeWith(servicesOf(target))),
  validate(target) {
    if (target.proto !== undefined && target.server) methodOf(target);
    else servicesOf(target);
  },
  async learn(target, server) {
    let services = '';
    if (servicesOf(target).size === 0) {
      const told = server && (await reflect(target, server));
      if (!told) {
        const why = server ? 'the server has no reflection' : 'a client alone tells nothing of its service';
        throw new HarnessError('NO_PROTO', `${why}: name its .proto with --proto FILE`);
      }
      learnServices(target, told);
      services = told.toString('base64');
    }
    // Of a lone client every method of the file is served.
    return { services, pattern: server ? methodOf(target).pattern : (patternOf(target) ?? null) };
  },
  recall(target, { services }) {
    if (services !== '') learnServices(target, Buffer.from(services, 'base64'));
  },
  open: openGrpc,
  // RFC 9113, 3.4: the connection preface.
  handshakeLines: () => ['PRI * HTTP/2.0', '', 'SM'],
  garbage: (random, _, target) => garbageForGrpc(random, methodOf(target).rpc),
  startReference: startGrpcReference,
  openSilent: openSilentGrpc,
};
export default grpc;
