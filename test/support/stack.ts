import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { connectPostgres, type PostgresClient } from '../../src/clients/postgres/client.js';
import { loginOf } from '../../src/kinds/rabbitmq/component.js';
import { connectSupervisor } from '../../src/supervisor/ensure.js';
import type { ProcessReport } from '../../src/supervisor/socket/launch.js';
import { waitUntil } from '../../src/support/retry.js';
import { type Holder, withRole } from '../../src/targets/roles.js';
import { PipelineSecrets } from '../../src/targets/secrets.js';
import { type Ended, type Sandbox, sandbox } from './evpipe.js';

export const FEW_ROWS = 20;

/** A pipeline that runs in a sandbox, and its processes as the supervisor knows them. */
export class Stack {
  private constructor(
    readonly box: Sandbox,
    readonly stateFolder: string,
  ) {}

  /** Copies the pipeline and brings it up; throws with all that `up` said unless it ended with 0. */
  static async up(pipeline: string, ...args: string[]): Promise<Stack> {
    return (await Stack.prepare(pipeline)).up(...args);
  }

  /** Copies the pipeline and has `smoke` bring it up from nothing and prove it on data; throws with all that it said unless it ended with 0. */
  static async proven(pipeline: string, ...args: string[]): Promise<Stack> {
    return (await Stack.prepare(pipeline)).proven(...args);
  }

  /** As above, of what was prepared. */
  proven(...args: string[]): Promise<this> {
    return this.begin('smoke', '--up', '--timeout', '90s', ...args);
  }

  /** `up`, of what was prepared. */
  up(...args: string[]): Promise<this> {
    return this.begin('up', ...args);
  }

  private async begin(...command: string[]): Promise<this> {
    const ended = await this.box.run(...command);
    if (ended.code !== 0) {
      await this.box.remove();
      throw new Error(`${command[0]} ended with ${ended.code}:\n${ended.stderr}${ended.stdout}`);
    }
    return this;
  }

  /** Only the copy; nothing runs yet. */
  static async prepare(pipeline: string): Promise<Stack> {
    const box = await sandbox(pipeline);
    return new Stack(box, join(box.folder, '.evpipe', basename(pipeline)));
  }

  /** The same with few rows to seed, where nothing asked depends on how many: half a dozen processes work on each of them. */
  static async withFewRows(pipeline: string): Promise<Stack> {
    const stack = await Stack.prepare(pipeline);
    const file = join(stack.box.folder, 'evpipe.yaml');
    const declared = readFileSync(file, 'utf8');
    writeFileSync(file, declared.replace(/^( +rows): \d+$/gm, `$1: ${FEW_ROWS}`));
    return stack;
  }

  async processes(): Promise<readonly ProcessReport[]> {
    const supervisor = await connectSupervisor(this.stateFolder);
    if (supervisor === undefined) return [];
    try {
      return (await supervisor.report()).processes;
    } finally {
      supervisor.close();
    }
  }

  async process(name: string): Promise<ProcessReport | undefined> {
    return (await this.processes()).find((one) => one.process === name);
  }

  /** `supervisor` is one too. Undefined: it does not run at this moment. */
  async pidOf(name: string): Promise<number | undefined> {
    if (name !== 'supervisor') return (await this.process(name))?.pid;
    const supervisor = await connectSupervisor(this.stateFolder);
    supervisor?.close();
    return supervisor?.hello.pid;
  }

  /** Kills it the moment it runs. Throws after 30 s in which it did not. */
  async kill(name: string): Promise<void> {
    await this.signal(name, 'SIGKILL');
  }

  /** Answers the process that got it. */
  async signal(name: string, signal: NodeJS.Signals): Promise<number> {
    const signalled = async (): Promise<number | undefined> => {
      const pid = await this.pidOf(name);
      if (pid !== undefined) process.kill(pid, signal); // throws where it has just ended: then its next life gets it
      return pid;
    };
    return waitUntil(`${name} to run`, signalled, { timeoutMs: 30_000, maxPauseMs: 50 });
  }

  async portOf(name: string): Promise<number> {
    return waitUntil(`a port of ${name}`, async () => (await this.process(name))?.port, { timeoutMs: 30_000 });
  }

  async url(service: string): Promise<string> {
    return `http://127.0.0.1:${await this.portOf(service)}`;
  }

  get postgresPassword(): string {
    const secrets = JSON.parse(readFileSync(join(this.stateFolder, 'secrets.json'), 'utf8')) as {
      readonly postgresPassword: string;
    };
    return secrets.postgresPassword;
  }

  async database(name: string): Promise<PostgresClient> {
    return connectPostgres({ url: await this.databaseUrl(name) });
  }

  /** With the login of the superuser, or of one of the roles. */
  async databaseUrl(name: string, holder?: Holder): Promise<string> {
    const port = await this.portOf('postgres');
    const url = `postgres://postgres:${this.postgresPassword}@127.0.0.1:${port}/${name}`;
    const secrets = new PipelineSecrets(this.stateFolder);
    return holder === undefined ? url : withRole({ url, ours: true }, holder, (role) => secrets.rolePassword(role)).url;
  }

  async rabbitmqUrl(): Promise<string> {
    const { user, password } = loginOf(undefined, new PipelineSecrets(this.stateFolder));
    return `amqp://${user}:${password}@127.0.0.1:${await this.portOf('rabbitmq')}`;
  }

  /** All that its components have written, for a failure's message. */
  log(component: string): string {
    try {
      return readFileSync(join(this.stateFolder, 'logs', `${component}.log`), 'utf8');
    } catch {
      return '';
    }
  }

  run(...args: string[]): Promise<Ended> {
    return this.box.run(...args);
  }

  remove(): Promise<void> {
    return this.box.remove();
  }
}
