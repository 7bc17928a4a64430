import { hkdfSync, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createJson, readJson } from '../support/json-file.js';

interface SecretsFile {
  readonly version: 1;
  readonly postgresPassword: string;
}

/** Passwords of the servers that evpipe starts for one pipeline. Their characters need no encoding in a URL. */
export class PipelineSecrets {
  constructor(private readonly stateFolder: string) {}

  /** Generated once and kept in the state folder (0600), which has to exist. */
  postgresPassword(): string {
    const file = join(this.stateFolder, 'secrets.json');
    const known = readJson<SecretsFile>(file, 1);
    if (known !== undefined) return known.postgresPassword;
    createJson(file, { version: 1, postgresPassword: randomBytes(24).toString('base64url') } satisfies SecretsFile);
    return this.postgresPassword(); // another `up` may have been quicker: its password holds for both
  }

  /** Of a role in the PostgreSQL that evpipe has started. */
  rolePassword(role: string): string {
    return this.derived(`PostgreSQL role ${role}`);
  }

  /** Of RabbitMQ: generated, or the one that every client knows where the file asks for it. */
  rabbitmqLogin(guest: boolean | undefined): { user: string; password: string } {
    if (guest === true) return { user: 'guest', password: 'guest' };
    return { user: 'evpipe', password: this.derived('rabbitmq') };
  }

  /** Of the one secret that is kept; none of them gives another one away. */
  derived(purpose: string): string {
    return Buffer.from(hkdfSync('sha256', this.postgresPassword(), '', purpose, 24)).toString('base64url');
  }
}
