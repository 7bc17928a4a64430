/**
 * For values whose form is known by a name beside them, as a column's are by its type. Makes of a function of values in
 * one form a function of any: the name is looked at once for a column, and nothing is checked for each of its values.
 */
export const byForm =
  <Any, Forms extends { readonly [Name in keyof Forms]: Any }>() =>
  <Name extends keyof Forms, More extends readonly unknown[], Result>(
    _name: Name,
    run: (value: Forms[Name], ...more: More) => Result,
  ) =>
    run as (value: Any, ...more: More) => Result;
