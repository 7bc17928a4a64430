import { basicAuthorization } from '../../http/basic-authorization.js';
import { HttpClient } from '../../http/client.js';
import { EvpipeError, messageOf } from '../../support/errors.js';
import { fieldsOf } from '../../support/plain-object.js';
import type { ClientCredentials, TokenLogin } from './contract.js';

const TIMEOUT_MS = 10_000;
/** RFC 6749 only recommends that an answer tells when the token expires. */
const LIFETIME_S = 300;
/** Of its life: it also has to reach the broker, whose clock may be ahead. */
const USED = 0.8;

interface Token {
  readonly text: string;
  readonly untilMs: number;
}

/** Shared by all connections of a client, which has one object of options. */
const fetched = new WeakMap<ClientCredentials, Promise<Token>>();

/** The given token, or one from the token endpoint. Throws EVPIPE_OAUTH_TOKEN; kind unreachable where nothing answers there. */
export async function oauthToken(login: TokenLogin | ClientCredentials): Promise<string> {
  if ('token' in login) return login.token;
  const known = await fetched.get(login)?.catch(() => undefined);
  if (known !== undefined && performance.now() < known.untilMs) return known.text;
  const fetching = fetchToken(login);
  fetched.set(login, fetching);
  return (await fetching).text;
}

async function fetchToken({ tokenEndpoint, clientId, clientSecret, scope, ssl }: ClientCredentials): Promise<Token> {
  const { origin, pathname, search } = new URL(tokenEndpoint);
  const http = new HttpClient({ url: origin, ssl, timeoutMs: TIMEOUT_MS });
  try {
    const { status, body } = await http.request({
      method: 'POST',
      path: pathname + search,
      form: { grant_type: 'client_credentials', ...(scope !== undefined && { scope }) },
      // RFC 6749, 2.3.1: both are encoded as in a form before they are joined.
      headers: { authorization: basicAuthorization(encodeURIComponent(clientId), encodeURIComponent(clientSecret)) },
    });
    const answer = fieldsOf(body);
    if (status !== 200 || typeof answer.access_token !== 'string') {
      const why = [answer.error, answer.error_description].filter((part) => typeof part === 'string').join(': ');
      throw refused(`answers ${status}${why === '' ? '' : ` (${why})`}`, tokenEndpoint);
    }
    const lifetimeMs = 1000 * (Number(answer.expires_in) || LIFETIME_S);
    return { text: answer.access_token, untilMs: performance.now() + USED * lifetimeMs };
  } catch (failure) {
    if (failure instanceof EvpipeError) throw failure;
    throw new EvpipeError('EVPIPE_OAUTH_TOKEN', `the token endpoint ${origin} does not answer: ${messageOf(failure)}`, {
      kind: 'unreachable',
      cause: failure,
    });
  } finally {
    http.close();
  }
}

const refused = (what: string, tokenEndpoint: string): EvpipeError =>
  new EvpipeError('EVPIPE_OAUTH_TOKEN', `the token endpoint ${new URL(tokenEndpoint).origin} ${what}`, {
    todo: 'Look at sasl.clientId, clientSecret and scope of this Kafka.',
  });
