import fastify from 'fastify';
import { afterEach, expect, it } from 'vitest';
import { cacheAnswers } from '../../../src/kit/cached-answers.js';
import { type Entity, entity } from '../../../src/kit/entity.js';
import { date, integer, text, timestamp, uuid } from '../../../src/kit/field.js';
import { serveDocuments } from '../../../src/kit/openapi.js';

const app = { now: fastify() };
afterEach(async () => {
  await app.now.close();
  app.now = fastify();
});

it('describes the API of the entities, and shows it in Swagger UI', async () => {
  const todos = entity({
    name: 'todo list',
    plural: 'todo-lists',
    table: 'todo',
    fields: { user_id: uuid(), title: text({ max: 20 }), due: date(), size: integer(), created: timestamp('created') },
  });
  serveDocuments(app.now, { title: 'Main', path: '/api/v1/main', entities: [todos as unknown as Entity] });
  const document = (await app.now.inject('/api/v1/main/openapi.json')).json();
  expect(Object.keys(document.paths)).toEqual(['/api/v1/main/todo-lists', '/api/v1/main/todo-lists/{id}']);
  expect(document.components.schemas.NewTodoList.properties).toEqual({
    id: { type: 'string', format: 'uuid' },
    user_id: { type: 'string', format: 'uuid' },
    title: { type: 'string', minLength: 1, maxLength: 20 },
    due: { type: 'string', format: 'date' },
    size: { type: 'integer', format: 'int64' },
  });
  const url = await app.now.listen({ host: '127.0.0.1', port: 0 });
  const page = await fetch(`${url}/api/v1/main/docs/`);
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('swagger-ui')]);
  const style = await fetch(`${url}/api/v1/main/docs/static/swagger-ui.css`);
  expect([style.status, (await style.text()).length > 0]).toEqual([200, true]); // read: an unread answer holds up the server's end
  expect(await (await fetch(`${url}/api/v1/main/docs/json`)).json()).toMatchObject({ info: { title: 'Main' } });
});

it('answers from the cache until something is written, and without it as well', async () => {
  const kept = new Map<string, string>();
  const lifetimes: number[] = [];
  let there = true;
  const cache = {
    get: async (key: string) => (there ? kept.get(key) : undefined),
    async set(key: string, value: string, seconds: number) {
      kept.set(key, value);
      lifetimes.push(seconds);
    },
    async forget(prefix: string) {
      for (const key of [...kept.keys()]) if (key.startsWith(prefix)) kept.delete(key);
    },
    close: () => {},
  };
  cacheAnswers(app.now, '/api', { of: cache, listSeconds: 10, rowSeconds: 100 });
  let answered = 0;
  app.now.get('/api/todos', async () => {
    answered += 1;
    return { answered };
  });
  app.now.get('/api/todos/1', async () => ({ id: 1 }));
  app.now.get('/api/users', async () => []);
  app.now.post('/api/todos', async () => ({}));
  const get = async (url: string) => {
    const answer = await app.now.inject(url);
    return [answer.body, answer.headers['x-cache']];
  };
  expect(await get('/api/todos')).toEqual(['{"answered":1}', undefined]);
  expect(await get('/api/todos')).toEqual(['{"answered":1}', 'hit']);
  await get('/api/todos/1');
  await get('/api/users');
  expect(lifetimes).toEqual([10, 100, 10]);
  await app.now.inject({ method: 'POST', url: '/api/todos' });
  expect([...kept.keys()].join()).toContain('users');
  expect(await get('/api/todos')).toEqual(['{"answered":2}', undefined]);
  there = false;
  expect(await get('/api/todos')).toEqual(['{"answered":3}', undefined]);
});
