/** A protocol's URL schemes: without TLS, and with it. */
const SCHEMES: Readonly<Record<string, readonly [plain: string, secure: string]>> = {
  websocket: ['ws', 'wss'],
  sse: ['http', 'https'],
};

export function schemeOf(protocol: string, secure = false): string {
  const [plain, overTls] = SCHEMES[protocol] ?? ['http', 'https'];
  return secure ? overTls : plain;
}

/** The protocol that a URL's scheme (`wss:`) belongs to. */
export function protocolOfScheme(scheme: string): string | undefined {
  return Object.keys(SCHEMES).find((protocol) => SCHEMES[protocol]?.includes(scheme.replace(/:$/, '')));
}

/** Whether what this URL names is spoken to over TLS. */
export function isSecure(url: string | undefined): boolean {
  return /^(?:wss|https):/.test(url ?? '');
}
