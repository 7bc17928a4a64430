import { describe, expect, it } from 'vitest';
import { drawSvg } from '../../../src/kinds/flow/draw-svg.js';
import { KINDS } from '../../../src/kinds/table.js';
import { loadPipeline } from '../../../src/pipeline/load.js';
import type { Pipeline } from '../../../src/pipeline/pipeline.js';
import { PIPELINES } from '../../support/pipelines.js';

function load(name: string): Pipeline {
  const { pipeline } = loadPipeline(
    { files: [`pipelines/${name}`], profiles: [], env: {}, cwd: process.cwd(), target: undefined },
    KINDS,
  );
  if (pipeline === undefined) throw new Error(`${name} is not valid`);
  return pipeline;
}

interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const rectangles = (svg: string): Rectangle[] =>
  [...svg.matchAll(/<rect class="[^"]*" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/g)].map(
    (found) => {
      const [x = 0, y = 0, width = 0, height = 0] = found.slice(1).map(Number);
      return { x, y, width, height };
    },
  );

const overlap = (a: Rectangle, b: Rectangle): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

describe('the drawing of a pipeline as SVG', () => {
  it.each(PIPELINES)('has a box for each thing of %s, none above another, all inside the picture', (name) => {
    const svg = drawSvg(load(name));
    const boxes = rectangles(svg);
    expect(boxes.length).toBeGreaterThan(3);
    const overlapping = boxes.flatMap((a, at) => boxes.slice(at + 1).filter((b) => overlap(a, b)));
    expect(overlapping).toEqual([]);
    const [, width, height] = /width="(\d+)" height="(\d+(?:\.\d+)?)"/.exec(svg) ?? [];
    for (const { x, y, width: w, height: h } of boxes) {
      expect(x + w).toBeLessThanOrEqual(Number(width));
      expect(y + h).toBeLessThanOrEqual(Number(height));
    }
  });

  it('says of a box how it fares, and lets no text be markup', () => {
    const pipeline = load('person-planning');
    const svg = drawSvg(pipeline, ({ name }) =>
      name === 'accounting-cdc' ? { text: 'FAILED: <script>alert("1")</script> \u0000', health: 'bad' } : undefined,
    );
    expect(svg).toContain('<rect class="box bad"');
    expect(svg).toContain('<text class="bad"');
    expect(svg).toContain('FAILED: &lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; \ufffd');
    expect(svg).not.toContain('<script');
  });
});
