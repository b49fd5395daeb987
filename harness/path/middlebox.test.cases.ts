import type { Case } from './middlebox.test.rig.js';
import { PROFILES, type ProxySettings } from './proxy-profiles.js';

export interface Combination extends Case {
  readonly settings: ProxySettings;
}

const nginx = PROFILES['nginx-default'];
const nginx11: ProxySettings = { ...nginx, upstreamHttp: '1.1' };
const unbuffered: ProxySettings = { ...nginx11, buffering: false };
const haproxy = PROFILES.haproxy;
const NO = { 'X-Accel-Buffering': 'no' };
const small = { framing: 'chunked', eventBytes: 40, events: 5, ends: 'orderly' } as const;
const large = { ...small, eventBytes: 1000, events: 9 } as const;

/** Headers and settings that change what a proxy holds back, when it lets go, and how it ends. */
export const COMBINATIONS: readonly Combination[] = [
  { name: 'nginx, defaults', settings: nginx, ...small },
  { name: 'nginx, defaults, events of 1000 bytes', settings: nginx, ...large },
  { name: 'nginx, defaults, events of 5000 bytes', settings: nginx, ...small, eventBytes: 5000 },
  { name: 'nginx, defaults, X-Accel-Buffering: no', settings: nginx, ...small, headers: NO },
  { name: 'nginx, defaults, X-Accel-Buffering: NO', settings: nginx, ...small, headers: { 'x-accel-buffering': 'NO' } },
  {
    name: 'nginx, defaults, X-Accel-Buffering: false',
    settings: nginx,
    ...small,
    headers: { 'X-Accel-Buffering': 'false' },
  },
  {
    name: 'nginx, defaults, Cache-Control: no-cache, no-transform',
    settings: nginx,
    ...small,
    headers: { 'Cache-Control': 'no-cache, no-transform' },
  },
  { name: 'nginx, defaults, an HTTP/1.0 client', settings: nginx, ...small, clientHttp: '1.0' },
  { name: 'nginx, defaults, text/plain', settings: nginx, ...small, headers: { 'Content-Type': 'text/plain' } },
  { name: 'nginx, defaults, Content-Length', settings: nginx, ...small, framing: 'length' },
  {
    name: 'nginx, defaults, chunked all the same',
    settings: nginx,
    ...small,
    framing: 'always chunked',
  },
  { name: 'nginx, defaults, the server breaks off', settings: nginx, ...small, ends: 'broken' },
  { name: 'nginx, HTTP/1.1, the server breaks off', settings: nginx11, ...small, ends: 'broken' },
  {
    name: 'nginx, gzip, accepted, the server breaks off',
    settings: PROFILES['nginx-gzip'],
    ...small,
    acceptEncoding: 'gzip',
    ends: 'broken',
  },
  { name: 'nginx, HTTP/1.1, chunked', settings: nginx11, ...small },
  { name: 'nginx, HTTP/1.1, chunked, events of 1000 bytes', settings: nginx11, ...large },
  { name: 'nginx, HTTP/1.1, until the end', settings: nginx11, ...small, framing: 'close' },
  { name: 'nginx, HTTP/1.1, until the end, events of 1000 bytes', settings: nginx11, ...large, framing: 'close' },
  {
    name: 'nginx, HTTP/1.1, until the end, X-Accel-Buffering: no',
    settings: nginx11,
    ...small,
    framing: 'close',
    headers: NO,
  },
  { name: 'nginx, HTTP/1.1, an HTTP/1.0 client', settings: nginx11, ...small, clientHttp: '1.0' },
  { name: 'nginx, proxy_buffering off', settings: unbuffered, ...small },
  { name: 'nginx, proxy_buffering off, HTTP/1.0', settings: { ...nginx, buffering: false }, ...small },
  {
    name: 'nginx, proxy_buffering off, X-Accel-Buffering: yes',
    settings: { ...nginx, buffering: false },
    ...small,
    headers: { 'X-Accel-Buffering': 'yes' },
  },
  { name: 'nginx, as the article has it', settings: PROFILES['nginx-article-sse'], ...small },
  { name: 'nginx, gzip, not accepted', settings: PROFILES['nginx-gzip'], ...small },
  { name: 'nginx, gzip, accepted', settings: PROFILES['nginx-gzip'], ...small, acceptEncoding: 'gzip, br' },
  {
    name: 'nginx, gzip, accepted, no-transform',
    settings: PROFILES['nginx-gzip'],
    ...small,
    acceptEncoding: 'gzip',
    headers: { 'Cache-Control': 'no-transform' },
  },
  {
    name: 'nginx, gzip, accepted, X-Accel-Buffering: no',
    settings: PROFILES['nginx-gzip'],
    ...small,
    acceptEncoding: 'gzip',
    headers: NO,
  },
  {
    name: 'nginx, gzip, accepted, proxy_buffering off',
    settings: { ...unbuffered, gzip: true },
    ...small,
    acceptEncoding: 'gzip',
  },
  {
    name: 'nginx, gzip, accepted, text/plain',
    settings: PROFILES['nginx-gzip'],
    ...small,
    acceptEncoding: 'gzip',
    headers: { 'Content-Type': 'text/plain' },
  },
  { name: 'nginx, gzip, HTTP/1.0 upstream', settings: { ...nginx, gzip: true }, ...small, acceptEncoding: 'gzip' },
  {
    name: 'nginx, gzip, accepted, compressed already',
    settings: PROFILES['nginx-gzip'],
    ...small,
    acceptEncoding: 'gzip',
    headers: { 'Content-Encoding': 'identity' },
  },
  { name: 'nginx, proxy_cache', settings: PROFILES['nginx-cache'], ...small },
  {
    name: 'nginx, proxy_cache, Cache-Control: no-cache',
    settings: PROFILES['nginx-cache'],
    ...small,
    headers: { 'Cache-Control': 'no-cache' },
  },
  { name: 'nginx, proxy_cache, HTTP/1.0', settings: { ...nginx, cache: true }, ...small },
  { name: 'nginx, proxy_cache, X-Accel-Buffering: no', settings: PROFILES['nginx-cache'], ...small, headers: NO },
  {
    name: 'nginx, proxy_read_timeout, buffering on, HTTP/1.0',
    settings: { ...nginx, readTimeoutMs: 3000 },
    ...small,
    ends: 'never',
  },
  {
    name: 'nginx, proxy_read_timeout, HTTP/1.1',
    settings: { ...nginx11, readTimeoutMs: 3000 },
    ...small,
    ends: 'never',
  },
  {
    name: 'nginx, proxy_read_timeout, buffering off',
    settings: { ...unbuffered, readTimeoutMs: 3000 },
    ...small,
    ends: 'never',
  },
  {
    name: 'nginx, proxy_read_timeout, as the article has it',
    settings: { ...PROFILES['nginx-article-sse'], readTimeoutMs: 3000 },
    ...small,
    ends: 'never',
  },
  {
    name: 'nginx, proxy_read_timeout, nothing sent',
    settings: { ...nginx11, readTimeoutMs: 3000 },
    ...small,
    events: 0,
    ends: 'never',
  },
  {
    name: 'nginx, proxy_read_timeout, gzip',
    settings: { ...PROFILES['nginx-gzip'], readTimeoutMs: 3000 },
    ...small,
    acceptEncoding: 'gzip',
    ends: 'never',
  },
  { name: 'HAProxy, defaults', settings: haproxy, ...small },
  { name: 'HAProxy, the server breaks off', settings: haproxy, ...small, ends: 'broken' },
  { name: 'HAProxy, http-no-delay', settings: PROFILES['haproxy-no-delay'], ...small },
  { name: 'HAProxy, compression, not accepted', settings: PROFILES['haproxy-gzip'], ...small },
  { name: 'HAProxy, compression, accepted', settings: PROFILES['haproxy-gzip'], ...small, acceptEncoding: 'gzip' },
  {
    name: 'HAProxy, compression, accepted, no-transform',
    settings: PROFILES['haproxy-gzip'],
    ...small,
    acceptEncoding: 'gzip',
    headers: { 'Cache-Control': 'no-cache, no-transform' },
  },
  { name: 'HAProxy, until the end', settings: haproxy, ...small, framing: 'close' },
  { name: 'HAProxy, events of 1000 bytes', settings: haproxy, ...large },
  { name: 'HAProxy, an HTTP/1.0 client', settings: haproxy, ...small, clientHttp: '1.0' },
  { name: 'HAProxy, timeout server', settings: { ...haproxy, readTimeoutMs: 3000 }, ...small, ends: 'never' },
  {
    name: 'HAProxy, timeout server, until the end',
    settings: { ...haproxy, readTimeoutMs: 3000 },
    ...small,
    framing: 'close',
    ends: 'never',
  },
];
