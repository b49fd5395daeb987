/** The feed as gRPC services, from feed.proto. */
import { join } from 'node:path';
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

export interface Subscription {
  readonly after: number;
}

export interface Message {
  readonly seq?: number;
  readonly stream?: string;
  readonly data: string;
  readonly id?: string;
}

export interface Note {
  readonly id: string;
  readonly text: string;
}

export interface Ordered {
  readonly id: string;
  readonly number: number;
  readonly at?: number;
}

type Services = { readonly [name in 'Feed' | 'Members' as `holdfast.feed.v1.${name}`]: ServiceDefinition };

export const OURS = '/holdfast.feed.v1.';
export const MEMBERS = `${OURS}Members/`;
export const FEED_PROTO = join(__dirname, 'feed.proto');
export const feedPackage = loadSync(FEED_PROTO, { longs: Number, defaults: true });
const services = feedPackage as unknown as Services;
export const Feed = services['holdfast.feed.v1.Feed'];
export const Members = services['holdfast.feed.v1.Members'];

export const subscribe = Feed.Subscribe as MethodDefinition<Subscription, Message>;
export const ask = Feed.Ask as MethodDefinition<Note, Message>;
export const publish = Feed.Publish as MethodDefinition<Note, { readonly notes: number }>;
