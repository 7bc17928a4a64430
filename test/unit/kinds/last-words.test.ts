import { describe, expect, it } from 'vitest';
import { errorLine } from '../../../src/kinds/service/last-words.js';

describe('the line of a log that says what went wrong', () => {
  it.each([
    [
      'Node.js',
      [
        'started',
        'file:///x.js:3',
        '    throw error;',
        '    ^',
        '',
        'Error: poison record 17',
        '    at f (x.js:3:9)',
        '',
        'Node.js v22.1.0',
      ],
      'Error: poison record 17',
    ],
    [
      'Python',
      ['Traceback (most recent call last):', '  File "x.py", line 1', 'ValueError: bad id'],
      'ValueError: bad id',
    ],
    ['a service that goes on', ['cannot reach smtp.example.org', 'waiting'], 'cannot reach smtp.example.org'],
    ['a service that complains of nothing', ['consumed 5', 'consumed 6'], undefined],
  ])('is found in what %s writes', (_, lines, expected) => {
    expect(errorLine(lines)).toBe(expected);
  });

  it('is the last line of a process that has ended and called nothing an error', () => {
    expect(errorLine(['no licence found'], true)).toBe('no licence found');
  });
});
