import type { IncrementalState } from './incremental.js';
import { doneOfTransaction, type Position } from './position.js';
import type { SourceInfo } from './source-info.js';
import type { TransactionCount } from './transaction.js';

export interface TransactionBegin {
  readonly xid: number;
  readonly commitTimeUs: number;
}

/** A transaction while its changes arrive: which of them were told before a restart, and the position of each that is told now. */
export class OpenTransaction {
  readonly xid: number;
  readonly timeUs: number;
  /** Some of its changes made records. */
  wrote = false;
  /** Changes up to here were told. */
  private readonly toldUntil: bigint;
  /** Of those at the place where we resume, so many more were told. */
  private toSkip: number;
  /** Of the event told last, and how many have been told there. */
  private lsn: bigint;
  private told: number;
  private doneLsn: bigint;
  /** What was given out last: known to be the last of its place once there is a later one. */
  private last: (Position & { doneLsn: bigint }) | undefined;

  constructor(
    { xid, commitTimeUs }: TransactionBegin,
    private readonly resume: Position,
    private readonly lastCommitLsn: bigint,
    readonly source: SourceInfo,
    readonly count: TransactionCount | undefined,
  ) {
    this.xid = xid;
    this.timeUs = commitTimeUs;
    const isResumed = xid === resume.txId;
    const told = isResumed ? (resume.told ?? 0) : 0;
    this.toldUntil = isResumed ? doneOfTransaction(resume) : 0n;
    this.toSkip = told;
    this.told = told;
    this.lsn = told > 0 ? resume.lsn : 0n;
    this.doneLsn = isResumed && resume.doneLsn > lastCommitLsn ? resume.doneLsn : lastCommitLsn;
  }

  /** Whether its begin is told again after a restart, as Debezium does: with a count nothing is told twice. */
  tellsBegin(lsn: bigint): boolean {
    return this.told === 0 || !this.wasTold(lsn);
  }

  /** Whether all changes at `lsn` were told before a restart. */
  passed(lsn: bigint): boolean {
    return lsn <= this.toldUntil;
  }

  /** The same of one change. Asked once of every change that would be told, since those at one place are counted. */
  wasTold(lsn: bigint): boolean {
    if (this.passed(lsn)) return true;
    if (this.toSkip === 0 || lsn !== this.resume.lsn) return false;
    this.toSkip--;
    return true;
  }

  /** The position of an event at `lsn`: changes before it are done with; it is itself once a later one shows that no other is there. */
  advance(lsn: bigint, messageType: string, incremental: IncrementalState | undefined): Position {
    if (lsn > this.lsn) {
      this.closePlace();
      if (this.lsn > 0n) this.doneLsn = this.lsn;
      this.lsn = lsn;
      this.told = 0;
    }
    this.told++;
    this.last = {
      lsn,
      // A first change can be where the commit before it ends, which would say that it is done with.
      doneLsn: this.doneLsn < lsn ? this.doneLsn : lsn - 1n,
      commitLsn: this.lastCommitLsn,
      told: this.told,
      txId: this.xid,
      timeUs: this.timeUs,
      messageType,
      incremental,
    };
    return this.last;
  }

  /** Nothing follows at the place of the last change. */
  closePlace(): void {
    if (this.last !== undefined) this.last.doneLsn = this.last.lsn;
  }
}
