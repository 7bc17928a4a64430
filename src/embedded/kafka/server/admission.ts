import type { Socket } from 'node:net';
import type { Clock } from '../../../support/clock.js';
import type { Quotas } from '../security/quotas.js';
import type { BrokerSettings } from '../topics/settings.js';

/** As many as Kafka lets the kernel keep for it (`socket.listen.backlog.size`); more are closed. */
const WAITING_MAX = 50;

/** How soon a connection that waits is looked at again where no other one ends before. */
const RETRY_MS = 100;

/**
 * Which connections are let in. Too many of one address, or too often by its `connection_creation_rate`, are closed; too
 * many of all, or too often, wait: nothing is read of them until there is room.
 */
export class Admission {
  private count = 0;
  private readonly byAddress = new Map<string, number>();
  private readonly waiting: Array<{ readonly socket: Socket; readonly serve: () => void }> = [];
  private stopRetry: (() => void) | undefined;

  constructor(
    private readonly settings: BrokerSettings,
    private readonly quotas: Quotas,
    private readonly clock: Clock,
  ) {}

  admit(socket: Socket, serve: () => void): void {
    const address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    const used = this.byAddress.get(address) ?? 0;
    if (
      used >= this.addressMax(address) ||
      this.waiting.length >= WAITING_MAX ||
      !this.quotas.admitsConnection(address)
    ) {
      socket.destroy();
      return;
    }
    this.byAddress.set(address, used + 1);
    socket.once('close', () => this.left(address));
    socket.on('error', () => {}); // a reset connection is a client's business
    this.waiting.push({ socket, serve });
    this.serveWaiting();
  }

  private serveWaiting(): void {
    this.stopRetry?.();
    this.stopRetry = undefined;
    while (this.waiting.length > 0 && this.count < this.settings.number('max.connections')) {
      if (!this.quotas.admits('connections', this.settings.number('max.connection.creation.rate'))) break;
      const next = this.waiting.shift();
      if (next === undefined || next.socket.destroyed) continue;
      this.count++;
      next.socket.once('close', () => {
        this.count--;
        this.serveWaiting();
      });
      next.serve();
    }
    if (this.waiting.length > 0) this.stopRetry = this.clock.schedule(RETRY_MS, () => this.serveWaiting());
  }

  private left(address: string): void {
    const left = (this.byAddress.get(address) ?? 1) - 1;
    if (left === 0) this.byAddress.delete(address);
    else this.byAddress.set(address, left);
    const at = this.waiting.findIndex(({ socket }) => socket.destroyed);
    if (at >= 0) this.waiting.splice(at, 1);
  }

  private addressMax(address: string): number {
    const overrides = this.settings.text('max.connections.per.ip.overrides').split(',');
    const own = overrides.map((text) => text.trim()).find((text) => text.startsWith(`${address}:`));
    return own === undefined
      ? this.settings.number('max.connections.per.ip')
      : Number(own.slice(own.lastIndexOf(':') + 1));
  }

  /** Those that wait are given up. */
  close(): void {
    this.stopRetry?.();
    for (const { socket } of this.waiting.splice(0)) socket.destroy();
  }
}
