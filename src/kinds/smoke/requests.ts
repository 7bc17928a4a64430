import type { ServiceResponse } from '../../clients/service/client.js';
import type { ReferenceValues } from '../../pipeline/pipeline.js';
import { EvpipeError } from '../../support/errors.js';
import { Browser, type FormAnswer } from '../service/browser.js';
import { serviceClient } from '../service/client.js';
import type { Session } from '../session.js';
import type { SmokeRequestSection, SmokeSection } from './section.js';
import { fillIn, textOf } from './template.js';

const BODY_SHOWN_MAX = 300;

/** One after the other, with the cookies of those before; the body that `$(response.…)` is of is the last one that has fields. */
export async function sendRequests(
  section: SmokeSection,
  session: Session,
  values: ReferenceValues,
): Promise<{ readonly body: unknown; readonly said: readonly string[] }> {
  const browsers = new Map<string, Browser>();
  let body: unknown;
  const said: string[] = [];
  for (const request of section.requests) {
    const { service } = request;
    const browser = browsers.get(service) ?? new Browser(await serviceClient(session, service), service);
    browsers.set(service, browser);
    const filled = {
      path: textOf(fillIn(request.path, values, body)),
      body: fillIn(request.body, values, body),
      form: request.form && (fillIn(request.form, values, body) as Readonly<Record<string, string>>),
    };
    const answer = await send(request, filled, section, { browser, signal: session.signal });
    if (typeof answer.body === 'object' && answer.body !== null) body = answer.body;
    // What was made by a form is told by where it leads to.
    else if (request.form !== undefined) body = { location: answer.headers.location ?? '' };
    said.push(`${request.method} ${filled.path} ${answer.status}`);
  }
  return { body, said };
}

interface Filled {
  readonly path: string;
  readonly body: unknown;
  readonly form: Readonly<Record<string, string>> | undefined;
}

async function send(
  request: SmokeRequestSection,
  { path, body, form }: Filled,
  { name, locationOf }: SmokeSection,
  { browser, signal }: { readonly browser: Browser; readonly signal: AbortSignal },
): Promise<ServiceResponse> {
  const { method, service } = request;
  const answer: ServiceResponse & Partial<FormAnswer> =
    form === undefined
      ? await browser.request({ method, path, ...(body !== undefined && { body }) }, signal)
      : await browser.submit({ path, which: request.which, fields: form }, signal);
  const fault = faultOf(request, answer);
  if (fault === undefined) return answer;
  throw new EvpipeError('EVPIPE_SMOKE_REQUEST', `${name}: ${service} answers ${method} ${path} with ${fault}`, {
    location: locationOf(...request.at),
    todo: `See its log: evpipe logs ${service}`,
  });
}

/** A form that was accepted is answered by a page or by a redirect to one. */
function faultOf(
  { status: wanted, contains, form }: SmokeRequestSection,
  { status, body, refused }: ServiceResponse & Partial<FormAnswer>,
): string | undefined {
  const text = (body === undefined ? '' : textOf(body)).trim();
  const shown = text === '' || form !== undefined ? '' : `: ${text.slice(0, BODY_SHOWN_MAX)}`;
  const last = form === undefined ? 299 : 399;
  const good = wanted === undefined ? status >= 200 && status <= last : status === wanted;
  if (!good) return `${status}, expected ${wanted ?? (form === undefined ? '2xx' : '2xx or 3xx')}${shown}`;
  if (wanted === undefined && refused !== undefined) return `${status}, but ${refused}`;
  if (contains === undefined || text.includes(contains)) return undefined;
  return `${status}, but not with the text ${JSON.stringify(contains)}${shown}`;
}
