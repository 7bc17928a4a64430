import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface IdentityServer {
  readonly tokenEndpoint: string;
  /** Where its public keys are (RFC 7517). */
  readonly jwks: string;
  /** A signed token with these claims; it lives for a minute unless they say otherwise. */
  token(claims: Readonly<Record<string, unknown>>): string;
  stop(): Promise<void>;
}

/** An OAuth 2.0 server on 127.0.0.1 that has one client: it gets tokens for the audience `kafka`, signed as JWTs. */
export async function startIdentityServer(client: { id: string; secret: string }): Promise<IdentityServer> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const token = (claims: Readonly<Record<string, unknown>>): string => {
    const nowS = Math.floor(Date.now() / 1000);
    const body = `${part({ alg: 'RS256', kid: 'test', typ: 'JWT' })}.${part({ iat: nowS, exp: nowS + 60, ...claims })}`;
    return `${body}.${sign('RSA-SHA256', Buffer.from(body), privateKey).toString('base64url')}`;
  };
  const keys = [{ ...publicKey.export({ format: 'jwk' }), kid: 'test', alg: 'RS256', use: 'sig' }];
  const authorization = `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}`;
  const server = createServer((request, response) => {
    request.resume();
    const isKnown = request.url === '/jwks' || request.headers.authorization === authorization;
    const granted = { access_token: token({ sub: client.id, aud: 'kafka' }), token_type: 'Bearer', expires_in: 60 };
    const answer = request.url === '/jwks' ? { keys } : isKnown ? granted : { error: 'invalid_client' };
    response.writeHead(isKnown ? 200 : 401, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    tokenEndpoint: `${origin}/token`,
    jwks: `${origin}/jwks`,
    token,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
