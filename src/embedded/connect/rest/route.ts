import type { Herder } from '../worker/herder.js';
import type { Stores } from '../worker/stores.js';

export interface RestContext {
  readonly herder: Herder;
  readonly stores: Stores;
  readonly clusterId: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly loggers: Map<string, { level: string; last_modified: number | null }>;
  readonly clock: () => number;
}

export interface RestRequest {
  /** Decoded, as the route's pattern names them. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Parsed JSON; undefined where there was none. */
  readonly body: unknown;
}

export interface RestAnswer {
  readonly status: number;
  /** Undefined: no content. A string is JSON already. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** `/connectors/:name/status` */
  readonly path: string;
  handle(request: RestRequest, context: RestContext): Promise<RestAnswer> | RestAnswer;
}

export const ok = (body: unknown): RestAnswer => ({ status: 200, body });
export const NO_CONTENT: RestAnswer = { status: 204 };
export const ACCEPTED: RestAnswer = { status: 202 };
