import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../../src/support/errors.js';
import { type Attacked, exchange } from './attacked.js';
import { Dice } from './dice.js';
import type { FuzzedServer } from './servers.js';
import type { Shot } from './shot.js';

/** An answer may take so long, and so much of the server's processor: on a busy machine time alone says nothing. */
const ANSWER_MS_MAX = 1_000;
/** For what may wait for ever by its meaning. */
const WAIT_MS = 250;
/** Without an answer by then, there will be none. */
const SILENCE_MS = 30_000;
const MEMORY_MB_MAX = 700;
/** Then the server begins anew on its own folder, which has to be readable, and after that on another one. */
const SHOTS_PER_LIFE = 4_000;
const AT_ONCE = 4;
const FINDINGS_MAX = 30;
const SHOWN_CHARS = 3_000;

export interface HandlerCounts {
  whole: number;
  spoiled: number;
  answered: number;
  closed: number;
  silent: number;
  /** Whole ones that it understood. */
  reached: number;
}

export interface FuzzReport {
  readonly server: string;
  shots: number;
  lives: number;
  slowestMs: number;
  memoryMb: number;
  readonly handlers: ReadonlyMap<string, HandlerCounts>;
  /** What must not be. */
  readonly findings: string[];
}

export interface FuzzOptions {
  readonly shots: number;
  readonly seed: number;
  /** Start it again on what each life has left. */
  readonly again: boolean;
}

/** Shoots at a server: every handler in turn, first whole, then nine of ten times spoiled. */
export async function fuzzServer(server: FuzzedServer, options: FuzzOptions): Promise<FuzzReport> {
  const none = (): HandlerCounts => ({ whole: 0, spoiled: 0, answered: 0, closed: 0, silent: 0, reached: 0 });
  const report: FuzzReport = {
    server: server.name,
    shots: 0,
    lives: 0,
    slowestMs: 0,
    memoryMb: 0,
    handlers: new Map(server.handlers.map((name) => [name, none()])),
    findings: [],
  };
  const dice = new Dice(options.seed);
  while (report.shots < options.shots && report.findings.length < FINDINGS_MAX)
    await new Life(server, dice, report).run(Math.min(SHOTS_PER_LIFE, options.shots - report.shots), options.again);
  return report;
}

/** Of a server, on a folder of its own. */
class Life {
  private left = 0;
  private next = 0;
  private readonly recent: string[] = [];

  constructor(
    private readonly server: FuzzedServer,
    private readonly dice: Dice,
    private readonly report: FuzzReport,
  ) {}

  async run(shots: number, again: boolean): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'evpipe-fuzz-'));
    this.report.lives += 1;
    this.left = shots;
    try {
      const running = await this.server.start(folder);
      await Promise.all(Array.from({ length: AT_ONCE }, () => this.shoot(running)));
      await this.stop(running);
      if (again && this.report.findings.length === 0) await this.stop(await this.server.start(folder));
    } catch (failure) {
      this.found('its start or stop', messageOf(failure));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  private async shoot(all: readonly [Attacked, ...Attacked[]]): Promise<void> {
    const [target] = all;
    while (this.left > 0 && target.isAlive && this.report.findings.length < FINDINGS_MAX) {
      this.left -= 1;
      const { handlers, turns = handlers } = this.server;
      const turn = this.next++;
      const isFirst = turn < handlers.length;
      const handler = (isFirst ? handlers[turn] : turns[turn % turns.length]) ?? '';
      const spoiled = !isFirst && this.dice.chance(0.9);
      await this.send(target, this.server.shot(this.dice, handler, spoiled), spoiled);
      for (const one of all) {
        const misdeed = one.misdeed();
        if (misdeed !== undefined) this.found(`${one.name} after ${handler}`, misdeed, ...this.recent);
      }
    }
  }

  private async send(target: Attacked, shot: Shot, spoiled: boolean): Promise<void> {
    this.recent.push(shot.shown.slice(0, SHOWN_CHARS));
    if (this.recent.length > AT_ONCE) this.recent.shift();
    const [startedMs, cpuMs] = [performance.now(), target.cpuMs()];
    const got = await exchange(target.port, shot.bytes, {
      waitMs: shot.mayWait ? WAIT_MS : SILENCE_MS,
      isComplete: shot.isComplete,
    });
    const [tookMs, usedMs] = [performance.now() - startedMs, target.cpuMs() - cpuMs];
    const { report } = this;
    report.shots += 1;
    if (!shot.mayWait) report.slowestMs = Math.max(report.slowestMs, Math.min(tookMs, usedMs));
    if (report.shots % 100 === 0) report.memoryMb = Math.max(report.memoryMb, target.memoryMb());
    const counts = report.handlers.get(shot.handler);
    if (counts !== undefined) {
      counts[spoiled ? 'spoiled' : 'whole'] += 1;
      counts[got.received.length > 0 ? 'answered' : got.end === 'silent' ? 'silent' : 'closed'] += 1;
      if (!spoiled && shot.isReached(got)) counts.reached += 1;
    }
    if (tookMs > ANSWER_MS_MAX && usedMs > ANSWER_MS_MAX)
      this.found(shot.handler, `the server worked for ${usedMs} ms`, ...this.recent);
    if (got.end === 'silent' && !shot.mayWait)
      this.found(shot.handler, `no answer within ${SILENCE_MS} ms`, shot.shown);
    if (report.memoryMb > MEMORY_MB_MAX)
      this.found(shot.handler, `the server has ${report.memoryMb} MB`, ...this.recent);
    const defect = shot.defectOf(got);
    if (defect !== undefined) this.found(shot.handler, defect, shot.shown);
  }

  /** Once for each handler and kind of problem. */
  private found(where: string, problem: string, ...shown: readonly string[]): void {
    const beginning = `${where}: ${problem.slice(0, 60)}`;
    if (this.report.findings.some((one) => one.startsWith(beginning))) return;
    this.report.findings.push(
      [`${where}: ${problem}`, ...shown.map((one) => one.slice(0, SHOWN_CHARS))].join('\n    '),
    );
  }

  private async stop(all: readonly Attacked[]): Promise<void> {
    for (const one of all) {
      await one.stop();
      const misdeed = one.misdeed();
      if (misdeed !== undefined && !misdeed.startsWith('it ended with 0'))
        this.found(`${one.name} at its end`, misdeed);
    }
  }
}

/** A line for each handler, and one for all. */
export function coverageText({ server, shots, lives, slowestMs, memoryMb, handlers }: FuzzReport): string {
  const lines = [...handlers].map(
    ([name, one]) =>
      `  ${name.padEnd(45)} ${one.whole} whole (${one.reached} understood), ${one.spoiled} spoiled: ${one.answered} answered, ${one.closed} refused, ${one.silent} silent`,
  );
  const total = `${server}: ${shots} shots, ${lives} lives, ${handlers.size} handlers, slowest ${Math.round(slowestMs)} ms of processor time, ${Math.round(memoryMb)} MB at most`;
  return [total, ...lines, ''].join('\n');
}
