import type { ServiceClient, ServiceRequest, ServiceResponse } from '../../clients/service/client.js';
import { didYouMean } from '../../pipeline/did-you-mean.js';
import { counted } from '../../support/counted.js';
import { EvpipeError } from '../../support/errors.js';
import type { Form, Page } from './form.js';

/** A page with a form, and what is filled in. */
export interface FormRequest {
  readonly path: string;
  readonly fields: Readonly<Record<string, string>>;
  /** Filled in where the form has them. */
  readonly optional?: Readonly<Record<string, string>>;
  /** The id, the name or the action of the form, where several of the page have the fields. */
  readonly which?: string | undefined;
}

export interface FormAnswer extends ServiceResponse {
  /** Why it was not accepted though the status is good; undefined: it was. */
  readonly refused: string | undefined;
}

/** Of the page, before its form is there. */
const REDIRECTS_MAX = 5;
const SHOWN_MAX = 300;

/**
 * One visitor of a service: keeps its cookies, and sends forms as a browser does, with the hidden fields of the page that they are on
 * (a CSRF token is one). Scripts do not run.
 */
export class Browser {
  private readonly cookies = new Map<string, string>();

  constructor(
    private readonly client: ServiceClient,
    private readonly service: string,
  ) {}

  async request(request: ServiceRequest, signal: AbortSignal): Promise<ServiceResponse> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...request.headers, ...(cookie !== '' && { cookie }) };
    const answer = await this.client.request({ ...request, headers }, signal);
    for (const line of answer.headers['set-cookie'] ?? []) this.keep(line);
    return answer;
  }

  /** Opens the page, fills in the form and sends it. Throws EVPIPE_FORM where the page has no such form, or several. */
  async submit({ path, fields, optional, which }: FormRequest, signal: AbortSignal): Promise<FormAnswer> {
    const { readPage, filledIn, formsMeant } = await import('./form.js'); // few files have forms
    const page = await this.open(path, signal);
    const names = Object.keys(fields);
    const [form, ...others] = formsMeant(page, { names, which });
    if (form === undefined) throw noSuchForm(this.service, page, path, { names, which });
    if (others.length > 0) throw severalForms(this.service, page, [form, ...others]);
    const target = new URL(form.action ?? '', `http://service${page.path}`);
    const answer = await this.request(
      {
        method: 'POST',
        path: target.pathname + target.search,
        form: filledIn(form, { ...optional, ...fields }),
        headers: { accept: HTML },
      },
      signal,
    );
    const shown = typeof answer.body === 'string' ? readPage(answer.body) : undefined;
    const isSame = (one: Form): boolean => names.length > 0 || (one.id === form.id && one.action === form.action);
    const isAgain = answer.status < 300 && shown !== undefined && formsMeant(shown, { names, which }).some(isSame);
    return { ...answer, refused: shown !== undefined && isAgain === true ? shownAgain(shown) : undefined };
  }

  private async open(path: string, signal: AbortSignal): Promise<Page & { readonly path: string }> {
    const { readPage } = await import('./form.js');
    let at = path;
    for (let count = 0; count <= REDIRECTS_MAX; count += 1) {
      const { status, headers, body } = await this.request(
        { method: 'GET', path: at, headers: { accept: HTML } },
        signal,
      );
      if (status < 300 || headers.location === undefined) {
        if (status < 300) return { ...readPage(typeof body === 'string' ? body : ''), path: at };
        throw new EvpipeError(
          'EVPIPE_FORM',
          `${this.service} answers GET ${at} with ${status}, where a page with a form was expected`,
        );
      }
      const next = new URL(headers.location, `http://service${at}`);
      at = next.pathname + next.search;
    }
    throw new EvpipeError(
      'EVPIPE_FORM',
      `${this.service} redirects ${path} more than ${REDIRECTS_MAX} times, last to ${at}`,
    );
  }

  /** https://www.rfc-editor.org/rfc/rfc6265#section-5.2, for one server and all its paths. */
  private keep(line: string): void {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
    const name = pair.slice(0, Math.max(0, pair.indexOf('=')));
    if (name === '') return;
    const isOver = attributes.some((one) => {
      const [key = '', value = ''] = one.split('=');
      if (key.toLowerCase() === 'max-age') return Number(value) <= 0;
      return key.toLowerCase() === 'expires' && Date.parse(value) <= 0; // how a cookie is deleted
    });
    if (isOver) this.cookies.delete(name);
    else this.cookies.set(name, pair.slice(name.length + 1));
  }
}

const HTML = 'text/html,application/xhtml+xml';

function noSuchForm(
  service: string,
  page: Page & { readonly path: string },
  asked: string,
  { names, which }: { readonly names: readonly string[]; readonly which: string | undefined },
): EvpipeError {
  const posted = page.forms.filter(({ method }) => method === 'post');
  const known = [...new Set(posted.flatMap(fieldNames))];
  const missing = names.find((name) => !known.includes(name));
  const where = page.path === asked ? `page ${asked}` : `page ${page.path}, where ${asked} redirects to,`;
  const has =
    posted.length === 0
      ? 'no form that is posted'
      : missing === undefined
        ? 'no form with all of these fields'
        : `no form with the field ${missing}${didYouMean(missing, known)}`;
  if (which !== undefined && !posted.some(({ id, action }) => [id, `#${id}`, action].includes(which)))
    return new EvpipeError('EVPIPE_FORM', `the ${where} of service ${service} has no form ${which}`, {
      todo:
        posted.length === 0 ? 'Forms that scripts make are not seen.' : `It has ${posted.map(formText).join('; ')}.`,
    });
  const todo =
    page.path === asked
      ? known.length === 0
        ? 'Forms that scripts make are not seen.'
        : `Its ${counted(known.length, 'field')}: ${known.join(', ')}.`
      : 'If it asks for a login, log in first.';
  return new EvpipeError('EVPIPE_FORM', `the ${where} of service ${service} has ${has}`, { todo });
}

function severalForms(service: string, { path }: { readonly path: string }, forms: readonly Form[]): EvpipeError {
  const message = `page ${path} of service ${service} has several forms that may be meant: ${forms.map(formText).join('; ')}`;
  return new EvpipeError('EVPIPE_FORM', message, { todo: 'Say which one by its id, name or action: which: …' });
}

/** `#login (user, password)`; without an id its action, or what else there is. */
function formText(form: Form): string {
  const called = form.id === undefined ? (form.action ?? 'one without id and action') : `#${form.id}`;
  return `${called} (${fieldNames(form).join(', ') || 'no fields'})`;
}

const fieldNames = ({ controls }: Form): readonly string[] =>
  controls.filter(({ kind }) => kind !== 'button').map(({ name }) => name);

function shownAgain({ errors }: Page): string {
  return errors === '' ? 'it shows the form again' : `it shows the form again: ${errors.slice(0, SHOWN_MAX)}`;
}
