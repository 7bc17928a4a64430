import { ByteReader } from './byte-reader.js';
import { MalformedFrame } from './malformed.js';
import { type Args, defineMethod, type Method, readArgs } from './method.js';

/**
 * The methods of AMQP 0-9-1 with RabbitMQ's extensions (exchange.bind, basic.nack, confirm, connection.blocked,
 * connection.update-secret), after https://www.rabbitmq.com/resources/specs/amqp0-9-1.extended.xml.
 */
export const connectionStart = defineMethod('connection.start', 10, 10, {
  versionMajor: 'octet',
  versionMinor: 'octet',
  serverProperties: 'table',
  mechanisms: 'longstr',
  locales: 'longstr',
});
export const connectionStartOk = defineMethod('connection.start-ok', 10, 11, {
  clientProperties: 'table',
  mechanism: 'shortstr',
  response: 'longstr',
  locale: 'shortstr',
});
export const connectionTune = defineMethod('connection.tune', 10, 30, {
  channelMax: 'short',
  frameMax: 'long',
  heartbeat: 'short',
});
export const connectionTuneOk = defineMethod('connection.tune-ok', 10, 31, {
  channelMax: 'short',
  frameMax: 'long',
  heartbeat: 'short',
});
export const connectionOpen = defineMethod('connection.open', 10, 40, {
  virtualHost: 'shortstr',
  reserved1: 'shortstr',
  reserved2: 'bit',
});
export const connectionOpenOk = defineMethod('connection.open-ok', 10, 41, { reserved1: 'shortstr' });
export const connectionClose = defineMethod('connection.close', 10, 50, {
  replyCode: 'short',
  replyText: 'shortstr',
  classId: 'short',
  methodId: 'short',
});
export const connectionCloseOk = defineMethod('connection.close-ok', 10, 51, {});
export const connectionBlocked = defineMethod('connection.blocked', 10, 60, { reason: 'shortstr' });
export const connectionUnblocked = defineMethod('connection.unblocked', 10, 61, {});
export const connectionUpdateSecret = defineMethod('connection.update-secret', 10, 70, {
  newSecret: 'longstr',
  reason: 'shortstr',
});
export const connectionUpdateSecretOk = defineMethod('connection.update-secret-ok', 10, 71, {});

export const channelOpen = defineMethod('channel.open', 20, 10, { reserved1: 'shortstr' });
export const channelOpenOk = defineMethod('channel.open-ok', 20, 11, { reserved1: 'longstr' });
export const channelFlow = defineMethod('channel.flow', 20, 20, { active: 'bit' });
export const channelFlowOk = defineMethod('channel.flow-ok', 20, 21, { active: 'bit' });
export const channelClose = defineMethod('channel.close', 20, 40, {
  replyCode: 'short',
  replyText: 'shortstr',
  classId: 'short',
  methodId: 'short',
});
export const channelCloseOk = defineMethod('channel.close-ok', 20, 41, {});

export const exchangeDeclare = defineMethod('exchange.declare', 40, 10, {
  reserved1: 'short',
  exchange: 'shortstr',
  type: 'shortstr',
  passive: 'bit',
  durable: 'bit',
  autoDelete: 'bit',
  internal: 'bit',
  nowait: 'bit',
  arguments: 'table',
});
export const exchangeDeclareOk = defineMethod('exchange.declare-ok', 40, 11, {});
export const exchangeDelete = defineMethod('exchange.delete', 40, 20, {
  reserved1: 'short',
  exchange: 'shortstr',
  ifUnused: 'bit',
  nowait: 'bit',
});
export const exchangeDeleteOk = defineMethod('exchange.delete-ok', 40, 21, {});
const exchangeBinding = {
  reserved1: 'short',
  destination: 'shortstr',
  source: 'shortstr',
  routingKey: 'shortstr',
  nowait: 'bit',
  arguments: 'table',
} as const;
export const exchangeBind = defineMethod('exchange.bind', 40, 30, exchangeBinding);
export const exchangeBindOk = defineMethod('exchange.bind-ok', 40, 31, {});
export const exchangeUnbind = defineMethod('exchange.unbind', 40, 40, exchangeBinding);
export const exchangeUnbindOk = defineMethod('exchange.unbind-ok', 40, 51, {});

export const queueDeclare = defineMethod('queue.declare', 50, 10, {
  reserved1: 'short',
  queue: 'shortstr',
  passive: 'bit',
  durable: 'bit',
  exclusive: 'bit',
  autoDelete: 'bit',
  nowait: 'bit',
  arguments: 'table',
});
export const queueDeclareOk = defineMethod('queue.declare-ok', 50, 11, {
  queue: 'shortstr',
  messageCount: 'long',
  consumerCount: 'long',
});
export const queueBind = defineMethod('queue.bind', 50, 20, {
  reserved1: 'short',
  queue: 'shortstr',
  exchange: 'shortstr',
  routingKey: 'shortstr',
  nowait: 'bit',
  arguments: 'table',
});
export const queueBindOk = defineMethod('queue.bind-ok', 50, 21, {});
export const queuePurge = defineMethod('queue.purge', 50, 30, { reserved1: 'short', queue: 'shortstr', nowait: 'bit' });
export const queuePurgeOk = defineMethod('queue.purge-ok', 50, 31, { messageCount: 'long' });
export const queueDelete = defineMethod('queue.delete', 50, 40, {
  reserved1: 'short',
  queue: 'shortstr',
  ifUnused: 'bit',
  ifEmpty: 'bit',
  nowait: 'bit',
});
export const queueDeleteOk = defineMethod('queue.delete-ok', 50, 41, { messageCount: 'long' });
export const queueUnbind = defineMethod('queue.unbind', 50, 50, {
  reserved1: 'short',
  queue: 'shortstr',
  exchange: 'shortstr',
  routingKey: 'shortstr',
  arguments: 'table',
});
export const queueUnbindOk = defineMethod('queue.unbind-ok', 50, 51, {});

export const basicQos = defineMethod('basic.qos', 60, 10, {
  prefetchSize: 'long',
  prefetchCount: 'short',
  global: 'bit',
});
export const basicQosOk = defineMethod('basic.qos-ok', 60, 11, {});
export const basicConsume = defineMethod('basic.consume', 60, 20, {
  reserved1: 'short',
  queue: 'shortstr',
  consumerTag: 'shortstr',
  noLocal: 'bit',
  noAck: 'bit',
  exclusive: 'bit',
  nowait: 'bit',
  arguments: 'table',
});
export const basicConsumeOk = defineMethod('basic.consume-ok', 60, 21, { consumerTag: 'shortstr' });
export const basicCancel = defineMethod('basic.cancel', 60, 30, { consumerTag: 'shortstr', nowait: 'bit' });
export const basicCancelOk = defineMethod('basic.cancel-ok', 60, 31, { consumerTag: 'shortstr' });
export const basicPublish = defineMethod(
  'basic.publish',
  60,
  40,
  { reserved1: 'short', exchange: 'shortstr', routingKey: 'shortstr', mandatory: 'bit', immediate: 'bit' },
  true,
);
export const basicReturn = defineMethod(
  'basic.return',
  60,
  50,
  { replyCode: 'short', replyText: 'shortstr', exchange: 'shortstr', routingKey: 'shortstr' },
  true,
);
export const basicDeliver = defineMethod(
  'basic.deliver',
  60,
  60,
  {
    consumerTag: 'shortstr',
    deliveryTag: 'longlong',
    redelivered: 'bit',
    exchange: 'shortstr',
    routingKey: 'shortstr',
  },
  true,
);
export const basicGet = defineMethod('basic.get', 60, 70, { reserved1: 'short', queue: 'shortstr', noAck: 'bit' });
export const basicGetOk = defineMethod(
  'basic.get-ok',
  60,
  71,
  {
    deliveryTag: 'longlong',
    redelivered: 'bit',
    exchange: 'shortstr',
    routingKey: 'shortstr',
    messageCount: 'long',
  },
  true,
);
export const basicGetEmpty = defineMethod('basic.get-empty', 60, 72, { reserved1: 'shortstr' });
export const basicAck = defineMethod('basic.ack', 60, 80, { deliveryTag: 'longlong', multiple: 'bit' });
export const basicReject = defineMethod('basic.reject', 60, 90, { deliveryTag: 'longlong', requeue: 'bit' });
export const basicRecoverAsync = defineMethod('basic.recover-async', 60, 100, { requeue: 'bit' });
export const basicRecover = defineMethod('basic.recover', 60, 110, { requeue: 'bit' });
export const basicRecoverOk = defineMethod('basic.recover-ok', 60, 111, {});
export const basicNack = defineMethod('basic.nack', 60, 120, {
  deliveryTag: 'longlong',
  multiple: 'bit',
  requeue: 'bit',
});

export const confirmSelect = defineMethod('confirm.select', 85, 10, { nowait: 'bit' });
export const confirmSelectOk = defineMethod('confirm.select-ok', 85, 11, {});

export const txSelect = defineMethod('tx.select', 90, 10, {});
export const txSelectOk = defineMethod('tx.select-ok', 90, 11, {});
export const txCommit = defineMethod('tx.commit', 90, 20, {});
export const txCommitOk = defineMethod('tx.commit-ok', 90, 21, {});
export const txRollback = defineMethod('tx.rollback', 90, 30, {});
export const txRollbackOk = defineMethod('tx.rollback-ok', 90, 31, {});

export const BASIC_CLASS = 60;

export const METHODS: readonly Method[] = [
  connectionStart,
  connectionStartOk,
  connectionTune,
  connectionTuneOk,
  connectionOpen,
  connectionOpenOk,
  connectionClose,
  connectionCloseOk,
  connectionBlocked,
  connectionUnblocked,
  connectionUpdateSecret,
  connectionUpdateSecretOk,
  channelOpen,
  channelOpenOk,
  channelFlow,
  channelFlowOk,
  channelClose,
  channelCloseOk,
  exchangeDeclare,
  exchangeDeclareOk,
  exchangeDelete,
  exchangeDeleteOk,
  exchangeBind,
  exchangeBindOk,
  exchangeUnbind,
  exchangeUnbindOk,
  queueDeclare,
  queueDeclareOk,
  queueBind,
  queueBindOk,
  queuePurge,
  queuePurgeOk,
  queueDelete,
  queueDeleteOk,
  queueUnbind,
  queueUnbindOk,
  basicQos,
  basicQosOk,
  basicConsume,
  basicConsumeOk,
  basicCancel,
  basicCancelOk,
  basicPublish,
  basicReturn,
  basicDeliver,
  basicGet,
  basicGetOk,
  basicGetEmpty,
  basicAck,
  basicReject,
  basicRecoverAsync,
  basicRecover,
  basicRecoverOk,
  basicNack,
  confirmSelect,
  confirmSelectOk,
  txSelect,
  txSelectOk,
  txCommit,
  txCommitOk,
  txRollback,
  txRollbackOk,
];

const BY_NUMBERS = new Map(METHODS.map((method) => [method.classId * 0x10000 + method.methodId, method]));

/** The method and the arguments in a method frame's payload. Throws MalformedFrame. */
export function decodeMethod(payload: Buffer): { readonly method: Method; readonly args: Args } {
  const reader = new ByteReader(payload);
  const numbers = reader.long();
  const method = BY_NUMBERS.get(numbers);
  if (method === undefined) throw new MalformedFrame(`no method ${numbers >>> 16}.${numbers & 0xffff}`);
  return { method, args: readArgs(method, reader) };
}
