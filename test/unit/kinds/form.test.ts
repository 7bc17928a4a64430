import { expect, it } from 'vitest';
import { filledIn, formsMeant, hasFields, readPage } from '../../../src/kinds/service/form.js';

/** As Django's admin writes a page, shortened. */
const PAGE = `<!DOCTYPE html><html><body>
<form id="search" method="get" action="/find"><input name="q"></form>
<p class="errornote">Please correct the <b>error</b> below.</p>
<form method="post" action="?next=/admin/">
  <input type="hidden" name="csrfmiddlewaretoken" value="t&amp;k">
  <input type="text" name="reference" value="old"><input name="note" disabled value="no">
  <ul class="errorlist"><li>This field is required.<br></li></ul>
  <input type="checkbox" name="fragile"><input type="checkbox" name="insured" value="yes" checked>
  <input type="radio" name="speed" value="slow" checked><input type="radio" name="speed" value="fast">
  <select name="customer"><option value="">---</option><option value="7" selected>Ada</option><option>8</option></select>
  <select name="size"><option> small </option><option>large</option></select>
  <textarea name="address">Row 1
Row 2</textarea>
  <input type="file" name="photo"><input type="reset" name="undo">
  <input type="submit" name="_save" value="Save"><button name="_more">More</button>
</form></body></html>`;

const [search, form] = readPage(PAGE).forms;

it('finds the forms of a page and what it says of errors', () => {
  const { forms, errors } = readPage(PAGE);
  expect(forms.map(({ method, action }) => [method, action])).toEqual([
    ['get', '/find'],
    ['post', '?next=/admin/'],
  ]);
  expect(errors).toBe('Please correct the error below. This field is required.');
  expect(form && hasFields(form, ['reference', 'address'])).toBe(true);
  expect(form && hasFields(form, ['reference', '_save'])).toBe(false);
  expect(search && hasFields(search, ['reference'])).toBe(false);
});

it('is told by its id, name or action, where several forms have the fields', () => {
  const page = readPage(
    '<form method="post" id="logout"></form><form method="post" action="/add"><input name="a"></form><form method="post" name="other"><input name="a"></form>',
  );
  const meant = (which: string | undefined, ...names: string[]) =>
    formsMeant(page, { names, which }).map((one) => one.id ?? one.action);
  expect(meant(undefined)).toEqual(['logout', '/add', 'other']);
  expect(meant(undefined, 'a')).toEqual(['/add', 'other']);
  expect([meant('#logout'), meant('logout'), meant('/add', 'a'), meant('other', 'a')].flat()).toEqual([
    ...['logout', 'logout', '/add', 'other'],
  ]);
  expect(meant('logout', 'a')).toEqual([]);
});

it('sends what a browser would: tokens, defaults, what is chosen, the first button', () => {
  expect(form && filledIn(form, {})).toEqual([
    ['csrfmiddlewaretoken', 't&k'],
    ['reference', 'old'],
    ['insured', 'yes'],
    ['speed', 'slow'],
    ['customer', '7'],
    ['size', 'small'],
    ['address', 'Row 1\nRow 2'],
    ['_save', 'Save'],
  ]);
});

it('fills in each field once, and ticks boxes by true and false', () => {
  const sent =
    form && filledIn(form, { reference: 'R-1', fragile: 'true', insured: 'false', speed: 'fast', customer: '8' });
  expect(sent).toEqual([
    ['csrfmiddlewaretoken', 't&k'],
    ['reference', 'R-1'],
    ['fragile', 'on'],
    ['speed', 'fast'],
    ['customer', '8'],
    ['size', 'small'],
    ['address', 'Row 1\nRow 2'],
    ['_save', 'Save'],
  ]);
});
