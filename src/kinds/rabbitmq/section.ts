import type { Located } from '../../pipeline/pipeline.js';
import type { Placed } from '../../targets/component.js';
import type { RabbitmqAddress } from './component.js';

export interface RabbitmqSection {
  /** Servers that evpipe starts take guest/guest instead of a generated login. */
  readonly guest: boolean;
  readonly exchanges: readonly ExchangeSection[];
  readonly queues: readonly QueueSection[];
  readonly bindings: readonly BindingSection[];
}

/** Which of several RabbitMQ servers has it; undefined: the one of all that name none. */
interface OnServer {
  readonly server: string | undefined;
}

export type RabbitmqArguments = Readonly<Record<string, string | number | boolean>>;

export interface ExchangeSection extends Located, OnServer {
  readonly type: 'direct' | 'fanout' | 'topic' | 'headers';
  readonly durable: boolean;
  readonly arguments: RabbitmqArguments;
}

export interface QueueSection extends Located, OnServer {
  readonly durable: boolean;
  readonly deadLetter: string | undefined;
  /** Complete: with what `deadLetter` means. */
  readonly arguments: RabbitmqArguments;
}

/** Its name is for people: `events → emails`, with the key where there is one. */
export interface BindingSection extends Located, OnServer {
  readonly exchange: string;
  readonly queue: string;
  readonly key: string;
  readonly arguments: RabbitmqArguments;
}

declare module '../../pipeline/pipeline.js' {
  interface Pipeline {
    /** Undefined: the pipeline has no RabbitMQ. */
    readonly rabbitmq: RabbitmqSection | undefined;
  }

  interface TargetSection {
    readonly rabbitmq?: Placed<RabbitmqAddress> | undefined;
    /** Those of several that have a name. */
    readonly rabbitmqServers?: Readonly<Record<string, Placed<RabbitmqAddress>>> | undefined;
  }
}
