import { basicAck, basicNack } from '../../../protocol/amqp/methods.js';
import type { Channel } from './channel.js';

/** Publisher confirms of one channel: publications get numbers, and one answer for as many as a commit wrote. */
export class Confirms {
  private last = 0;
  private waiting: { readonly tag: number; readonly accepted: boolean }[] = [];
  private scheduled = false;

  constructor(private readonly channel: Channel) {}

  published(accepted: boolean): void {
    this.waiting.push({ tag: ++this.last, accepted });
    if (this.scheduled) return;
    this.scheduled = true;
    this.channel.connection.broker.commits.after(() => this.answer());
  }

  /** Neighbours of one outcome are answered together: all before them were answered already. */
  private answer(): void {
    this.scheduled = false;
    const waiting = this.waiting;
    this.waiting = [];
    if (!this.channel.isOpen) return;
    for (let from = 0; from < waiting.length; ) {
      let to = from;
      while (to + 1 < waiting.length && waiting[to + 1]?.accepted === waiting[from]?.accepted) to++;
      const args = { deliveryTag: waiting[to]?.tag ?? 0, multiple: to > from };
      if (waiting[from]?.accepted) this.channel.send(basicAck, args);
      else this.channel.send(basicNack, { ...args, requeue: false });
      from = to + 1;
    }
  }
}
