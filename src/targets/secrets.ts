import { hkdfSync, randomBytes } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../support/environment.js';
import { createJson, readJson, writeJson } from '../support/json-file.js';

interface SecretsFile {
  readonly version: 1;
  readonly postgresPassword: string;
}

/** Whether the servers of this pipeline that could let in anybody ask for a login. */
interface PrivacyFile {
  readonly version: 1;
  readonly private: boolean;
}

/** Passwords of the servers that evpipe starts for one pipeline. Their characters need no encoding in a URL. */
export class PipelineSecrets {
  private purposes: Set<string> | undefined;
  /** One is asked for with each endpoint that is looked at. */
  private derivations: { readonly of: string; readonly known: Map<string, string> } = { of: '', known: new Map() };

  constructor(private readonly stateFolder: string) {}

  /** Generated once and kept in the state folder (0600), which has to exist. */
  postgresPassword(): string {
    const file = this.secretsFile;
    const known = readJson<SecretsFile>(file, 1);
    if (known !== undefined) return known.postgresPassword;
    createJson(file, { version: 1, postgresPassword: randomBytes(24).toString('base64url') } satisfies SecretsFile);
    return this.postgresPassword(); // another `up` may have been quicker: its password holds for both
  }

  /** Of a role in the PostgreSQL that evpipe has started. */
  rolePassword(role: string): string {
    return this.derived(`PostgreSQL role ${role}`);
  }

  /** Of a server that could let in anybody; undefined: it does. */
  login(process: string): { readonly username: string; readonly password: string } | undefined {
    return this.isPrivate ? { username: 'evpipe', password: this.derived(`login of ${process}`) } : undefined;
  }

  /**
   * As the pipeline was last started: EVPIPE_PRIVATE=1 makes it so and =0 ends it. Without the variable it stays as it is, so
   * that a shell that lacks it opens nothing.
   */
  private get isPrivate(): boolean {
    return readJson<PrivacyFile>(this.privacyFile, 1)?.private ?? false;
  }

  /** Before something starts; the state folder has to exist. */
  decidePrivacy({ EVPIPE_PRIVATE: wanted = '' }: Environment): void {
    const isWanted = /^(1|true|yes)$/i.test(wanted);
    if (wanted === '' || isWanted === this.isPrivate) return;
    writeJson(this.privacyFile, { version: 1, private: isWanted } satisfies PrivacyFile);
  }

  private get secretsFile(): string {
    return join(this.stateFolder, 'secrets.json');
  }

  private get purposesFile(): string {
    return join(this.stateFolder, 'purposes');
  }

  private get privacyFile(): string {
    return join(this.stateFolder, 'private.json');
  }

  /** Of the one secret that is kept; none of them gives another one away. */
  derived(purpose: string): string {
    this.note(purpose);
    return this.derivedFor(purpose);
  }

  /** All that servers and services were ever given of these, to be hidden where they print it. */
  handedOut(): readonly string[] {
    const known = readJson<SecretsFile>(this.secretsFile, 1);
    return known === undefined ? [] : [known.postgresPassword, ...[...this.noted()].map((one) => this.derivedFor(one))];
  }

  /** What secrets are for is none itself: a line of a file each. */
  private note(purpose: string): void {
    const noted = this.noted();
    if (noted.has(purpose)) return;
    noted.add(purpose);
    try {
      appendFileSync(this.purposesFile, `${purpose}\n`, { mode: 0o600 });
    } catch {
      // A full disk, say: then this one is not hidden.
    }
  }

  private noted(): Set<string> {
    this.purposes ??= new Set(linesOf(this.purposesFile));
    return this.purposes;
  }

  private derivedFor(purpose: string): string {
    const secret = this.postgresPassword();
    if (this.derivations.of !== secret) this.derivations = { of: secret, known: new Map() };
    const { known } = this.derivations;
    const derived = known.get(purpose) ?? derive(secret, purpose);
    known.set(purpose, derived);
    return derived;
  }
}

const derive = (secret: string, purpose: string): string =>
  Buffer.from(hkdfSync('sha256', secret, '', purpose, 24)).toString('base64url');

function linesOf(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return []; // nothing was derived yet
  }
}
