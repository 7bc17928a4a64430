import type { Entity, Page, RowOf } from '../entity.js';
import type { Field, Fields } from '../field.js';
import { Html, html } from '../html.js';
import { STYLE } from './style.js';

type Row = RowOf<Fields>;

export interface Frame {
  /** Where the admin site is: /admin. */
  readonly base: string;
  readonly site: string;
  readonly notice: string | undefined;
  readonly entities: readonly Entity[];
  /** The token of the session's forms. */
  readonly token: string;
}

const style = new Html(`<style>${STYLE}</style>`);

function page(site: string, title: string, body: Html): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · ${site}</title>
<link rel="icon" href="data:,">
${style}
</head>
<body>
${body}
</body>
</html>
`;
}

function framed(frame: Frame, title: string, body: Html): Html {
  return page(
    frame.site,
    title,
    html`<header>
  <strong><a href="${frame.base}/">${frame.site}</a></strong>
  ${frame.entities.map((entity) => html`<a href="${frame.base}/${entity.plural}">${headed(entity.plural)}</a>`)}
  <form method="post" action="${frame.base}/logout">${tokenField(frame)}<button class="plain">Log out</button></form>
</header>
<main>
${frame.notice !== undefined && html`<p class="notice">${frame.notice}</p>`}
${body}
</main>`,
  );
}

export function loginPage({ site, base }: Pick<Frame, 'site' | 'base'>, next: string, problem?: string): Html {
  return page(
    site,
    'Log in',
    html`<main class="login">
<h1>${site}</h1>
${problem !== undefined && html`<p class="problem" role="alert">${problem}</p>`}
<form method="post" action="${base}/login">
  <input type="hidden" name="next" value="${next}">
  <div class="field"><label for="username">User name</label><input id="username" name="username" autocomplete="username" required autofocus></div>
  <div class="field"><label for="password">Password</label><input id="password" name="password" type="password" autocomplete="current-password" required></div>
  <button>Log in</button>
</form>
</main>`,
  );
}

export function homePage(frame: Frame, counts: ReadonlyMap<string, number>): Html {
  const line = (entity: Entity) => html`<tr>
  <td><a href="${frame.base}/${entity.plural}">${headed(entity.plural)}</a></td>
  <td class="number">${grouped(counts.get(entity.plural) ?? 0)}</td>
  <td><a href="${frame.base}/${entity.plural}/new">Add</a></td>
</tr>`;
  return framed(
    frame,
    'Home',
    html`<h1>${frame.site}</h1>
<div class="scroll"><table>
<tr><th>What</th><th class="number">Rows</th><th></th></tr>
${frame.entities.map(line)}
</table></div>`,
  );
}

const DONE = { created: 'was added.', updated: 'was changed.', deleted: 'was deleted.' };
export type Done = keyof typeof DONE;
export const isDone = (value: unknown): value is Done => typeof value === 'string' && Object.hasOwn(DONE, value);

export function listPage(frame: Frame, entity: Entity, list: Page, search: string, done: Done | undefined): Html {
  const fields = Object.entries(entity.fields);
  const heads = fields.map(([name, field]) => html`<th${looks(field)}>${headed(name)}</th>`);
  const line = (row: Row) => html`<tr>
  <td class="id"><a href="${frame.base}/${entity.plural}/${row.id}">${row.id}</a></td>
  ${fields.map(([name, field]) => html`<td${looks(field)}>${shown(row[name])}</td>`)}
</tr>`;
  return framed(
    frame,
    headed(entity.plural),
    html`${done !== undefined && html`<p class="done" role="status">The ${entity.name} ${DONE[done]}</p>`}
<div class="bar">
  <h1>${headed(entity.plural)}</h1>
  <form class="bar end" role="search"><input type="search" name="q" value="${search}" placeholder="Search" aria-label="Search"><button>Search</button></form>
  <a class="button" href="${frame.base}/${entity.plural}/new">Add ${entity.name}</a>
</div>
<div class="scroll"><table>
<tr><th>Id</th>${heads}</tr>
${list.items.map(line)}
</table></div>
${list.items.length === 0 && html`<p class="dim">Nothing ${search === '' ? 'yet' : 'found'}.</p>`}
${pager(frame.base, entity, list, search)}`,
  );
}

function pager(base: string, entity: Entity, { page: current, pageSize, total, items }: Page, search: string): Html {
  const first = (current - 1) * pageSize + 1;
  const to = (number: number, label: string) => {
    const query = new URLSearchParams({ ...(search === '' ? {} : { q: search }), page: String(number) });
    return html`<a href="${base}/${entity.plural}?${query.toString()}">${label}</a>`;
  };
  return html`<p class="bar">
  ${items.length > 0 && html`<span class="dim">${grouped(first)} to ${grouped(first + items.length - 1)} of ${grouped(total)}</span>`}
  <span class="bar end">${current > 1 && to(current - 1, '← Previous')} ${current * pageSize < total && to(current + 1, 'Next →')}</span>
</p>`;
}

export interface FormState {
  /** Undefined: a new one. */
  readonly id: string | undefined;
  readonly values: Readonly<Record<string, unknown>>;
  readonly invalid: Readonly<Record<string, string>>;
}

export function formPage(frame: Frame, entity: Entity, { id, values, invalid }: FormState): Html {
  const title = id === undefined ? `Add ${entity.name}` : `Change ${entity.name}`;
  const field = ([name, field]: [string, Field<unknown>]) =>
    field.readOnly
      ? id !== undefined && html`<div class="field"><label>${headed(name)}</label>${shown(values[name])}</div>`
      : html`<div class="field">
  <label for="${name}">${headed(name)}</label>
  <input id="${name}" name="${name}" value="${shown(values[name])}"${attributes(field.input)}${invalid[name] !== undefined && html` aria-invalid="true"`}>
  ${invalid[name] !== undefined && html`<div class="problem">${headed(name)} ${invalid[name]}.</div>`}
</div>`;
  const action = `${frame.base}/${entity.plural}/${id ?? 'new'}`;
  return framed(
    frame,
    title,
    html`<h1>${title}</h1>
${id !== undefined && html`<p class="id dim">${id}</p>`}
<form method="post" action="${action}">
${tokenField(frame)}
${Object.entries(entity.fields).map(field)}
<div class="bar"><button>Save</button> <a href="${frame.base}/${entity.plural}">Cancel</a>
${id !== undefined && html`<a class="problem end" href="${action}/delete">Delete…</a>`}</div>
</form>`,
  );
}

export function deletePage(frame: Frame, entity: Entity, row: Row): Html {
  const action = `${frame.base}/${entity.plural}/${row.id}`;
  return framed(
    frame,
    `Delete ${entity.name}`,
    html`<h1>Delete this ${entity.name}?</h1>
<div class="scroll"><table>
<tr><th>Id</th><td class="id">${row.id}</td></tr>
${Object.entries(entity.fields).map(([name]) => html`<tr><th>${headed(name)}</th><td>${shown(row[name])}</td></tr>`)}
</table></div>
<form method="post" action="${action}/delete">${tokenField(frame)}
<p class="bar"><button class="danger">Delete</button> <a href="${action}">Cancel</a></p></form>`,
  );
}

export function problemPage(frame: Frame, title: string, message: string): Html {
  return framed(
    frame,
    title,
    html`<h1>${title}</h1><p>${message}</p><p><a href="${frame.base}/">Back to the start</a></p>`,
  );
}

const tokenField = (frame: Frame): Html => html`<input type="hidden" name="token" value="${frame.token}">`;

/** "date_of_birth" and "balance-sheets" as a heading: "Date of birth", "Balance sheets". */
function headed(name: string): string {
  const words = name.replace(/[_-]/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const looks = (field: Field<unknown>): Html | false => field.look !== undefined && html` class="${field.look}"`;

const grouped = (value: number): string => value.toLocaleString('en');

function shown(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (value instanceof Date) return value.toISOString().slice(0, 19).replace('T', ' ');
  return String(value);
}

const attributes = (input: Readonly<Record<string, string>>): Html[] =>
  Object.entries(input).map(([name, value]) => html` ${name}="${value}"`);
