/** gRPC's status codes, by number [statuscodes.md], with the HTTP status that google/rpc/code.proto gives each ("HTTP Mapping"). */
const CODES: readonly (readonly [name: string, httpStatus: number])[] = [
  ['OK', 200],
  ['CANCELLED', 499],
  ['UNKNOWN', 500],
  ['INVALID_ARGUMENT', 400],
  ['DEADLINE_EXCEEDED', 504],
  ['NOT_FOUND', 404],
  ['ALREADY_EXISTS', 409],
  ['PERMISSION_DENIED', 403],
  ['RESOURCE_EXHAUSTED', 429],
  ['FAILED_PRECONDITION', 400],
  ['ABORTED', 409],
  ['OUT_OF_RANGE', 400],
  ['UNIMPLEMENTED', 501],
  ['INTERNAL', 500],
  ['UNAVAILABLE', 503],
  ['DATA_LOSS', 500],
  ['UNAUTHENTICATED', 401],
];

export function statusName(code: number): string {
  return CODES[code]?.[0] ?? `status ${code}`;
}

/** As a gateway would answer it over HTTP. */
export function httpStatusOf(code: number): number {
  return CODES[code]?.[1] ?? 500;
}

export function statusNumber(name: string): number {
  return CODES.findIndex(([known]) => known === name);
}

export const [OK, CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE, UNAUTHENTICATED] = [
  0, 1, 4, 8, 14, 16,
];

/** "The gRPC status code to use for an HTTP response that has none" [http-grpc-status-mapping.md]. */
export function statusOfHttp(status: number): number {
  const mapped: Readonly<Record<number, string>> = {
    400: 'INTERNAL',
    401: 'UNAUTHENTICATED',
    403: 'PERMISSION_DENIED',
    404: 'UNIMPLEMENTED',
    429: 'UNAVAILABLE',
    502: 'UNAVAILABLE',
    503: 'UNAVAILABLE',
    504: 'UNAVAILABLE',
  };
  return statusNumber(mapped[status] ?? 'UNKNOWN');
}
