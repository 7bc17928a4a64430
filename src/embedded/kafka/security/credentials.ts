import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import { readJson, writeJson } from '../../../support/json-file.js';
import type { KafkaUser } from '../options.js';

export type ScramMechanism = 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
export type SaslMechanism = 'PLAIN' | ScramMechanism;
export const SCRAM_MECHANISMS: readonly ScramMechanism[] = ['SCRAM-SHA-256', 'SCRAM-SHA-512'];

/** What a server keeps of a SCRAM password (RFC 5802), in base64. */
export interface ScramCredential {
  readonly salt: string;
  readonly iterations: number;
  readonly storedKey: string;
  readonly serverKey: string;
}

/** A user's new password for a mechanism; undefined deletes it. */
export interface ScramChange {
  readonly name: string;
  readonly mechanism: ScramMechanism;
  readonly password: { readonly salted: Buffer; readonly salt: Buffer; readonly iterations: number } | undefined;
}

interface CredentialsFile {
  readonly version: 1;
  readonly scram: Readonly<Record<string, Partial<Record<ScramMechanism, ScramCredential>>>>;
}

export const ITERATIONS_MIN = 4096;
export const ITERATIONS_MAX = 16384;

const digestOf = (mechanism: ScramMechanism): 'sha256' | 'sha512' =>
  mechanism === 'SCRAM-SHA-256' ? 'sha256' : 'sha512';

export const hmac = (mechanism: ScramMechanism, key: Buffer, text: string): Buffer =>
  createHmac(digestOf(mechanism), key).update(text).digest();

export const digest = (mechanism: ScramMechanism, bytes: Buffer): Buffer =>
  createHash(digestOf(mechanism)).update(bytes).digest();

function credentialOf(mechanism: ScramMechanism, salted: Buffer, salt: Buffer, iterations: number): ScramCredential {
  return {
    salt: salt.toString('base64'),
    iterations,
    storedKey: digest(mechanism, hmac(mechanism, salted, 'Client Key')).toString('base64'),
    serverKey: hmac(mechanism, salted, 'Server Key').toString('base64'),
  };
}

/** Who may log in: users of the options by their password, users that were added through the protocol by SCRAM. */
export class Credentials {
  private readonly passwords: ReadonlyMap<string, string>;
  private readonly derived = new Map<string, ScramCredential>();
  private added: ReadonlyMap<string, Partial<Record<ScramMechanism, ScramCredential>>>;

  constructor(
    private readonly file: string,
    users: readonly KafkaUser[],
  ) {
    this.passwords = new Map(users.map(({ name, password }) => [name, password]));
    this.added = new Map(Object.entries(readJson<CredentialsFile>(file, 1)?.scram ?? {}));
  }

  acceptsPlain(name: string, password: string): boolean {
    const known = this.passwords.get(name);
    // Digests have one length, so that the comparison tells nothing of the password's.
    const [given, wanted] = [password, known ?? ''].map((text) => createHash('sha256').update(text).digest());
    return given !== undefined && wanted !== undefined && timingSafeEqual(given, wanted) && known !== undefined;
  }

  scram(name: string, mechanism: ScramMechanism): ScramCredential | undefined {
    const added = this.added.get(name)?.[mechanism];
    if (added !== undefined) return added;
    const password = this.passwords.get(name);
    if (password === undefined) return undefined;
    const key = `${mechanism} ${name}`;
    let credential = this.derived.get(key);
    if (credential === undefined) {
      const salt = randomBytes(16);
      const length = mechanism === 'SCRAM-SHA-256' ? 32 : 64;
      const salted = pbkdf2Sync(password.normalize('NFKC'), salt, ITERATIONS_MIN, length, digestOf(mechanism));
      credential = credentialOf(mechanism, salted, salt, ITERATIONS_MIN);
      this.derived.set(key, credential);
    }
    return credential;
  }

  /** Users with SCRAM credentials and their mechanisms. */
  scramUsers(): Map<string, Array<readonly [ScramMechanism, ScramCredential]>> {
    const names = new Set([...this.added.keys(), ...this.passwords.keys()]);
    return new Map(
      [...names].map((name) => [
        name,
        SCRAM_MECHANISMS.flatMap((mechanism) => {
          const credential = this.scram(name, mechanism);
          return credential === undefined ? [] : [[mechanism, credential] as const];
        }),
      ]),
    );
  }

  /** Whether it was added through the protocol; users of the options cannot be deleted. */
  hasAdded(name: string, mechanism: ScramMechanism): boolean {
    return this.added.get(name)?.[mechanism] !== undefined;
  }

  /** Makes all changes with one write, or none where the file system refuses it. */
  alterScram(changes: readonly ScramChange[]): void {
    const next = new Map(this.added);
    for (const { name, mechanism, password } of changes) {
      const { [mechanism]: _, ...rest } = next.get(name) ?? {};
      if (password !== undefined) {
        const { salted, salt, iterations } = password;
        next.set(name, { ...rest, [mechanism]: credentialOf(mechanism, salted, salt, iterations) });
      } else if (Object.keys(rest).length === 0) next.delete(name);
      else next.set(name, rest);
    }
    writeJson(this.file, { version: 1, scram: Object.fromEntries(next) } satisfies CredentialsFile);
    this.added = next;
  }
}
