import * as z from 'zod';
import { mapping, name, named, text } from '../../pipeline/spec-words.js';

const settings = (what: string) =>
  z
    .record(
      z.string(),
      z.union([z.string(), z.number(), z.boolean()], { error: 'must be a string, a number or true/false' }),
    )
    .default({})
    .describe(what);

const server = name
  .refine((given) => given !== 'rabbitmq', { error: 'rabbitmq is the server that needs no name' })
  .optional()
  .describe('Which of several RabbitMQ servers has it; names are unique over all of them');

const durable = z.boolean().default(true).describe('Survives a restart of the broker');

const exchange = mapping({
  server,
  type: z
    .enum(['direct', 'fanout', 'topic', 'headers'], { error: 'must be direct, fanout, topic or headers' })
    .default('direct')
    .describe('How it routes'),
  durable,
  arguments: settings('As RabbitMQ takes them').meta({ examples: [{ 'alternate-exchange': 'unrouted' }] }),
}).nullable();

const queue = mapping({
  server,
  durable,
  deadLetter: text.optional().describe('The queue for rejected messages'),
  arguments: settings('As RabbitMQ takes them: type, limits, time to live').meta({
    examples: [{ 'x-queue-type': 'quorum' }, { 'x-message-ttl': 60_000, 'x-max-length': 10_000 }],
  }),
}).nullable();

const binding = mapping({
  exchange: text.describe('From'),
  queue: text.describe('To'),
  key: text.optional().describe('Routing key; for a topic exchange a pattern'),
  arguments: settings('For a headers exchange: the headers that a message must have'),
});

/** The section `rabbitmq:`. */
export const rabbitmq = mapping({
  guest: z
    .boolean()
    .default(false)
    .describe(
      'Let guest/guest in, on servers that evpipe starts: for clients whose login is fixed. Default: a generated password',
    ),
  exchanges: named(exchange).default({}).describe('By name'),
  queues: named(queue).default({}).describe('By name'),
  bindings: z.array(binding).default([]).describe('Which exchange fills which queue'),
});
