import { describe, expect, it } from 'vitest';
import { CONNECTORS } from '../../../src/embedded/connect/worker/connectors.js';
import { EMBEDDED_CONNECTOR_CLASSES } from '../../../src/kinds/connector/lint/connector-classes.js';

describe('the connector classes that lint knows', () => {
  it('are those that the embedded Connect has', () => {
    const has = CONNECTORS.flatMap(({ className, aliases }) => [className, ...aliases]);
    expect([...EMBEDDED_CONNECTOR_CLASSES].sort()).toEqual([...has].sort());
  });
});
