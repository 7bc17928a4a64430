import {
  channelClose,
  channelFlow,
  channelFlowOk,
  channelOpen,
  confirmSelect,
  confirmSelectOk,
  txCommit,
  txCommitOk,
  txRollback,
  txRollbackOk,
  txSelect,
  txSelectOk,
} from '../../../protocol/amqp/methods.js';
import { AmqpError } from '../amqp-error.js';
import type { Channel } from '../connection/channel.js';
import { handler, type MethodHandler } from './handler.js';

function assertTransactional(channel: Channel): void {
  if (channel.transaction === undefined) throw new AmqpError('PRECONDITION_FAILED', 'channel is not transactional');
}

/** The classes channel, confirm and tx. */
export const CHANNEL_HANDLERS: readonly MethodHandler[] = [
  handler(channelOpen, {
    supports: 'Up to 2047 a connection.',
    handle: () => {
      throw new AmqpError('CHANNEL_ERROR', "second 'channel.open' seen");
    },
  }),
  handler(channelFlow, {
    supports: 'active=true.',
    lacks: 'active=false (540, as in RabbitMQ): basic.qos holds deliveries back.',
    handle: (channel, { active }) => {
      if (!active) throw new AmqpError('NOT_IMPLEMENTED', 'active=false');
      channel.send(channelFlowOk, { active });
    },
  }),
  handler(channelClose, { supports: 'Unacknowledged messages go back to their queues.' }),
  handler(confirmSelect, {
    supports: 'Confirms come together, after the write; a full queue that refuses gives a nack.',
    handle: (channel, { nowait }) => {
      channel.selectConfirms();
      if (!nowait) channel.send(confirmSelectOk, {});
    },
  }),
  handler(txSelect, {
    supports: 'Publications and settlements of one channel.',
    handle: (channel) => {
      channel.selectTransactions();
      channel.send(txSelectOk, {});
    },
  }),
  handler(txCommit, {
    supports: 'Answered after the write. Held publications end at 256 MiB.',
    lacks: 'Atomicity over several queues where the server is killed within, as in RabbitMQ.',
    handle: (channel) => {
      assertTransactional(channel);
      channel.commit();
      channel.broker.commits.after(() => {
        if (channel.isOpen) channel.send(txCommitOk, {});
      });
    },
  }),
  handler(txRollback, {
    supports: 'What was settled is unacknowledged again.',
    handle: (channel) => {
      assertTransactional(channel);
      channel.rollback();
      channel.send(txRollbackOk, {});
    },
  }),
];
