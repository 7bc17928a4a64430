import { faker } from '@faker-js/faker/locale/en';
import { describe, expect, it, vi } from 'vitest';
import { generatorPaths } from '../../../src/kinds/seed/lint/generators.js';

/** Modules that make nothing by themselves. */
const NO_GENERATORS = ['fakerCore', 'helpers', 'rawDefinitions', 'definitions'];

function methodsOf(module: object): readonly string[] {
  return [...new Set([...Object.keys(module), ...Object.getOwnPropertyNames(Object.getPrototypeOf(module))])].filter(
    (name) => name !== 'constructor' && typeof Reflect.get(module, name) === 'function',
  );
}

/** Does it make something that JSON can hold, without being told anything? */
function makes(module: object, name: string): boolean {
  try {
    return JSON.stringify(Reflect.apply(Reflect.get(module, name), module, [])) !== undefined;
  } catch {
    return false;
  }
}

describe('the generators that seeds may name', () => {
  it('are those that the library has', () => {
    faker.seed(1);
    const quiet = vi.spyOn(console, 'warn').mockImplementation(() => {}); // it tells of its deprecated ones
    const has = Object.entries(faker).flatMap(([module, owner]: [string, unknown]) =>
      typeof owner === 'object' && owner !== null && !module.startsWith('_') && !NO_GENERATORS.includes(module)
        ? methodsOf(owner)
            .filter((name) => makes(owner, name))
            .map((name) => `${module}.${name}`)
        : [],
    );
    quiet.mockRestore();
    expect([...generatorPaths()].sort()).toEqual([...has].sort());
  });
});
