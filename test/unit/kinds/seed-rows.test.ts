import { describe, expect, it } from 'vitest';
import { type SeedPlan, seedId, seedRow } from '../../../src/kinds/seed/seed-rows.js';

const persons: SeedPlan = {
  name: 'persons',
  rows: 20,
  random: 1,
  values: { first_name: 'person.firstName', date_of_birth: 'date.birthdate' },
};
const sheets: SeedPlan = {
  name: 'sheets',
  rows: 5,
  random: 2,
  values: { person_id: { from: 'persons' }, assets: { integer: [0, 1000] }, at: { timestamp: 'date.recent' } },
};
const plans = new Map([persons, sheets].map((plan) => [plan.name, plan]));

describe('seeded rows', () => {
  it('are the same every time, whichever rows were made before', () => {
    const alone = seedRow(persons, 7, plans);
    for (let row = 0; row < 7; row += 1) seedRow(persons, row, plans);
    expect(seedRow(persons, 7, plans)).toEqual(alone);
    expect(alone).toEqual({
      id: '50bc6bdd-4fd6-8ec9-a40f-8f966be648cd',
      first_name: expect.any(String),
      date_of_birth: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
    });
  });

  it('draw foreign ids from those that the other seed makes', () => {
    const ids = Array.from({ length: persons.rows }, (_, row) => seedId(persons, row));
    for (let row = 0; row < sheets.rows; row += 1) expect(ids).toContain(seedRow(sheets, row, plans).person_id);
  });

  it('take the ids of another seed one after the other, and the first again after the last', () => {
    const each: SeedPlan = { ...sheets, rows: 50, values: { person_id: { each: 'persons' } } };
    const drawn = [0, 1, 19, 20, 21].map((row) => seedRow(each, row, plans).person_id);
    expect(drawn).toEqual([0, 1, 19, 0, 1].map((row) => seedId(persons, row)));
  });

  it('have dates as days and timestamps with a time, around the reference date', () => {
    const { at, assets } = seedRow(sheets, 0, plans);
    expect(at).toMatch(/^2025-12-31T.*Z$/);
    expect(assets).toSatisfy((value: number) => Number.isInteger(value) && value >= 0 && value <= 1000);
  });

  it('refuse a value that the generator does not have, naming seed and field', () => {
    const wrong: SeedPlan = { ...persons, values: { x: 'person.fristName' } };
    expect(() => seedRow(wrong, 0, plans)).toThrow('seed persons: x is "person.fristName"');
  });
});
