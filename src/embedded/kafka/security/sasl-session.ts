import { randomBytes, timingSafeEqual } from 'node:crypto';
import { type Credentials, digest, hmac, type SaslMechanism, type ScramMechanism } from './credentials.js';

export type SaslStep =
  | { readonly kind: 'challenge'; readonly bytes: Buffer }
  | { readonly kind: 'done'; readonly bytes: Buffer; readonly user: string }
  | { readonly kind: 'failed'; readonly message: string };

const failed = (message: string): SaslStep => ({ kind: 'failed', message });

/** One attempt to log in; each message of the client leads one step on. */
export interface SaslSession {
  step(message: Buffer): SaslStep;
}

export function saslSession(mechanism: SaslMechanism, credentials: Credentials): SaslSession {
  return mechanism === 'PLAIN' ? plain(credentials) : new ScramSession(mechanism, credentials);
}

/** RFC 4616: authorisation id, user, password, with zero bytes between them. */
function plain(credentials: Credentials): SaslSession {
  return {
    step: (message) => {
      const [authorisation = '', user = '', password] = message.toString('utf8').split('\0');
      if (password === undefined || user === '') return failed('Invalid SASL/PLAIN response');
      if (authorisation !== '' && authorisation !== user) {
        return failed('Authentication failed: Client requested an authorization id that is different from username');
      }
      if (!credentials.acceptsPlain(user, password)) {
        return failed('Authentication failed: Invalid username or password');
      }
      return { kind: 'done', bytes: Buffer.alloc(0), user };
    },
  };
}

/** RFC 5802 without channel binding: client-first, server-first, client-final, server-final. */
class ScramSession implements SaslSession {
  private challenge:
    | { readonly user: string; readonly nonce: string; readonly clientFirst: string; readonly serverFirst: string }
    | undefined;

  constructor(
    private readonly mechanism: ScramMechanism,
    private readonly credentials: Credentials,
  ) {}

  step(message: Buffer): SaslStep {
    const text = message.toString('utf8');
    return this.challenge === undefined ? this.first(text) : this.final(text, this.challenge);
  }

  private first(text: string): SaslStep {
    const match = /^n,(?:a=[^,]*)?,(n=([^,]*),r=([^,]+).*)$/s.exec(text);
    if (match === null) return failed('Invalid SCRAM client first message');
    const [, clientFirst = '', escaped = '', clientNonce = ''] = match;
    const user = escaped.replaceAll('=2C', ',').replaceAll('=3D', '=');
    const credential = this.credentials.scram(user, this.mechanism);
    if (credential === undefined) return failed('Authentication failed: Invalid user credentials');
    const nonce = clientNonce + randomBytes(18).toString('base64url');
    const serverFirst = `r=${nonce},s=${credential.salt},i=${credential.iterations}`;
    this.challenge = { user, nonce, clientFirst, serverFirst };
    return { kind: 'challenge', bytes: Buffer.from(serverFirst) };
  }

  private final(text: string, { user, nonce, clientFirst, serverFirst }: NonNullable<typeof this.challenge>): SaslStep {
    const match = /^(c=[^,]*,r=([^,]+)),p=(.+)$/s.exec(text);
    const credential = this.credentials.scram(user, this.mechanism);
    if (match === null || match[2] !== nonce || credential === undefined) {
      return failed('Authentication failed: Invalid SCRAM client final message');
    }
    const transcript = `${clientFirst},${serverFirst},${match[1]}`;
    const storedKey = Buffer.from(credential.storedKey, 'base64');
    const signature = hmac(this.mechanism, storedKey, transcript);
    const proof = Buffer.from(match[3] ?? '', 'base64');
    const clientKey = Buffer.from(signature.map((byte, at) => byte ^ (proof[at] ?? 0)));
    const proven = digest(this.mechanism, clientKey);
    if (proof.length !== signature.length || !timingSafeEqual(proven, storedKey)) {
      return failed('Authentication failed during authentication due to invalid credentials with SASL mechanism');
    }
    const verifier = hmac(this.mechanism, Buffer.from(credential.serverKey, 'base64'), transcript);
    return { kind: 'done', bytes: Buffer.from(`v=${verifier.toString('base64')}`), user };
  }
}
