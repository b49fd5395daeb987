/** Hostile: beside its stream it asks what no client should ask, sends bodies without an end, and holds streams that it never reads. */
import { startClient } from '../../sse-client';
import { beside } from '../beside';
import { ABUSES } from '../http-abuse';

startClient();
beside((socket, { pathname, search }, count) => ABUSES[count % ABUSES.length]?.(socket, pathname + search));
