import type { Answer, Route as ApiRoute, Call } from '../../../http/api.js';
import type { Herder } from '../worker/herder.js';
import type { Stores } from '../worker/stores.js';

export interface RestContext {
  readonly herder: Herder;
  readonly stores: Stores;
  readonly clusterId: string;
  readonly loggers: Map<string, { level: string; last_modified: number | null }>;
  readonly clock: () => number;
}

export type RestRequest = Call<unknown>;
export type RestAnswer = Answer;
export type Route = ApiRoute<RestContext>;

export const ok = (body: unknown): RestAnswer => ({ status: 200, body });
export const NO_CONTENT: RestAnswer = { status: 204 };
export const ACCEPTED: RestAnswer = { status: 202 };
