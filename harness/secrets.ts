/**
 * What must never be told: values that were declared as credentials or look like them (secret-sources.ts), and what any
 * program may say of its own. Every text that leaves this process, on a stream or into a file, passes here first.
 */
export const REDACTED = '[redacted]';

/** Shorter ones are hidden only where they stand as declared: replaced everywhere, they would make any text unreadable. */
const LEAST_CHARS = 4;
/** As many characters are no part of another word by chance. */
const UNLIKELY_CHARS = 8;

/** Filled in for each session: what stands there is no secret, and a saved run is judged by it. */
const PLACEHOLDER = /\{(?:id|port|host|url)\}/;

const known = new Set<string>();
let knownPattern: RegExp | undefined;

/** From now on it is told nowhere: as it is, nor as it is written in a URL, in JSON, or in base64. */
export function keepSecret(value: string): void {
  const plain = value.trim();
  if (plain.length < LEAST_CHARS || known.has(plain) || plain.includes(REDACTED) || PLACEHOLDER.test(plain)) return;
  for (const form of [plain, encodeURIComponent(plain), JSON.stringify(plain).slice(1, -1), base64(plain)])
    known.add(form);
  const longestFirst = [...known].sort((a, b) => b.length - a.length);
  knownPattern = new RegExp(longestFirst.map(asPattern).join('|'), 'g');
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64').replace(/=+$/, '');
}

function asPattern(text: string): string {
  const literal = text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
  return text.length >= UNLIKELY_CHARS ? literal : `(?<![\\w-])${literal}(?![\\w-])`;
}

/** Names of parameters, fields and variables that hold a credential. */
const SECRET_WORD =
  '(?:(?:access|refresh|id|auth|api|bearer|csrf|xsrf)[_-]?)?(?:token|secret|password|passwd|passphrase|api[_-]?key|access[_-]?key|private[_-]?key|secret[_-]?key|credentials?|authorization|signature|jwt)';
const SECRET_NAME = new RegExp(
  `(?:^|[_.-])(?:${SECRET_WORD}|pwd|pass|auth|cookie|sid|sig|session(?:[_-]?id)?)s?$`,
  'i',
);

export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name.replace(/([a-z\d])([A-Z])/g, '$1_$2'));
}

/** A long run of letters and digits is hardly anything else. */
export function isCredentialLike(value: string): boolean {
  return value.length >= 20 && /^[\w.~+=-]+$/.test(value) && /\d/.test(value) && /[A-Za-z]/.test(value);
}

/** Forms in which credentials stand in what programs say. Each keeps its first group. */
const SHAPES: readonly RegExp[] = [
  // User and password of a URL.
  /(\b[a-z][a-z\d+.-]{0,15}:\/\/)[^\s/@'"]{0,256}:[^\s/@'"]{0,1024}(?=@)/gi,
  // RFC 6750 2.1, RFC 7617 2.
  /(\b(?:Bearer|Basic)\s+)[\w.~+/-]{6,}=*/g,
  // A JSON Web Token (RFC 7519): its header is JSON, and begins with `{"`.
  /()\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*/g,
  new RegExp(`([?&;][\\w.-]{0,40}?${SECRET_WORD}s?=)[^&#\\s"'|;,]+`, 'gi'),
  new RegExp(`(\\b\\w{0,40}?${SECRET_WORD}=)[^&#\\s"'|;,)]+`, 'gi'),
  new RegExp(`(\\\\?"[\\w.-]{0,40}?${SECRET_WORD}\\\\?"\\s*:\\s*\\\\?")[^"\\\\]+`, 'gi'),
  /(\b(?:set-)?cookie:\s*)[^\r\n|]+/gi,
  /(\bx-(?:api-key|auth-token|access-token)["']?\s*[:=]\s*["']?)[^\s"'|,]+/gi,
];

/** The text without credentials. */
export function redact(text: string): string {
  let told = knownPattern === undefined ? text : text.replace(knownPattern, REDACTED);
  for (const shape of SHAPES) told = told.replace(shape, `$1${REDACTED}`);
  return told;
}

/** Whether a secret that is known stands in it: cheap, for what is written in masses. */
export function holdsSecret(text: string): boolean {
  if (knownPattern === undefined) return false;
  knownPattern.lastIndex = 0;
  return knownPattern.test(text);
}

/** Fields whose texts are words of ours. */
const OURS = new Set(
  'type what phase scenario fault opcode form dir how by frame role hash schema check outcome level view confidence'.split(
    ' ',
  ),
);

/** The same with every text in it redacted; a number that is a secret is nothing. */
export function withoutSecrets<T>(value: T): T {
  return deep(value) as T;
}

function deep(value: unknown): unknown {
  if (typeof value === 'string') return redact(value);
  if (typeof value === 'number') return known.has(String(value)) ? null : value;
  if (Array.isArray(value)) return value.map(deep);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      knownPattern === undefined ? name : name.replace(knownPattern, REDACTED),
      OURS.has(name) && typeof member === 'string' ? member : deep(member),
    ]),
  );
}

/** For tests: as at the start. */
export function forgetSecrets(): void {
  known.clear();
  knownPattern = undefined;
}
