import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import { EvpipeError } from '../../support/errors.js';
import type { PasswordLogin, Sasl } from './contract.js';
import { oauthToken } from './oauth-token.js';

/** Sends one message of the mechanism and gives the broker's answer. */
export type SaslExchange = (message: Buffer) => Promise<Buffer>;

/** SCRAM's iteration count comes from the broker: a hostile one must not keep this process busy for minutes. */
const ITERATIONS_MAX = 1_000_000;

export const mechanismName = (sasl: Sasl): string => sasl.mechanism.toUpperCase();

/** Runs the mechanism to its end. Throws where the broker refuses, or cannot prove that it knows the password (SCRAM). */
export async function authenticate(sasl: Sasl, exchange: SaslExchange): Promise<void> {
  if (sasl.mechanism === 'oauthbearer') return bearer(await oauthToken(sasl), sasl.extensions ?? {}, exchange);
  if (sasl.mechanism === 'plain') {
    await exchange(Buffer.from(`\0${sasl.username}\0${sasl.password}`));
    return;
  }
  await scram(sasl, sasl.mechanism === 'scram-sha-256' ? 'sha256' : 'sha512', exchange);
}

/** RFC 7628, with the extensions of KIP-342. A broker that refuses says why in JSON, and wants an answer to that too. */
async function bearer(
  token: string,
  extensions: Readonly<Record<string, string>>,
  exchange: SaslExchange,
): Promise<void> {
  const pairs = Object.entries({ auth: `Bearer ${token}`, ...extensions }).map(
    ([name, value]) => `${name}=${value}\x01`,
  );
  const refusal = await exchange(Buffer.from(`n,,\x01${pairs.join('')}\x01`));
  if (refusal.length === 0) return;
  // Kafka ends the connection then, or answers with an error that says less.
  await exchange(Buffer.from('\x01')).catch(() => {});
  throw new EvpipeError('EVPIPE_KAFKA_SASL_AUTHENTICATION_FAILED', `the broker refuses the token: ${refusal}`);
}

/** RFC 5802, without channel binding. */
async function scram(sasl: PasswordLogin, digest: 'sha256' | 'sha512', exchange: SaslExchange): Promise<void> {
  const hmac = (key: Buffer, text: string) => createHmac(digest, key).update(text).digest();
  const user = sasl.username.replaceAll('=', '=3D').replaceAll(',', '=2C');
  const nonce = randomBytes(24).toString('base64');
  const clientFirst = `n=${user},r=${nonce}`;
  const serverFirst = (await exchange(Buffer.from(`n,,${clientFirst}`))).toString();
  const challenge = attributes(serverFirst);
  const serverNonce = challenge.get('r') ?? '';
  const iterations = Number(challenge.get('i'));
  if (!serverNonce.startsWith(nonce) || !(iterations >= 1 && iterations <= ITERATIONS_MAX)) {
    throw new EvpipeError('EVPIPE_KAFKA_SASL_AUTHENTICATION_FAILED', `the broker's SCRAM challenge is not valid`);
  }
  const salt = Buffer.from(challenge.get('s') ?? '', 'base64');
  const salted = pbkdf2Sync(sasl.password.normalize('NFKC'), salt, iterations, digest === 'sha256' ? 32 : 64, digest);
  const clientKey = hmac(salted, 'Client Key');
  const clientFinal = `c=biws,r=${serverNonce}`;
  const transcript = `${clientFirst},${serverFirst},${clientFinal}`;
  const signature = hmac(createHash(digest).update(clientKey).digest(), transcript);
  const proof = Buffer.from(clientKey.map((byte, at) => byte ^ (signature[at] ?? 0)));
  const serverFinal = attributes(
    (await exchange(Buffer.from(`${clientFinal},p=${proof.toString('base64')}`))).toString(),
  );
  const expected = hmac(hmac(salted, 'Server Key'), transcript);
  const proven = Buffer.from(serverFinal.get('v') ?? '', 'base64');
  if (proven.length !== expected.length || !timingSafeEqual(proven, expected)) {
    throw new EvpipeError(
      'EVPIPE_KAFKA_SASL_AUTHENTICATION_FAILED',
      'the broker could not prove that it knows this user: it may not be the broker it claims to be',
    );
  }
}

function attributes(message: string): Map<string, string> {
  return new Map(message.split(',').map((part) => [part.slice(0, 1), part.slice(2)]));
}
