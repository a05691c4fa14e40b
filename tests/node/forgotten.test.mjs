// What nobody can reach any more lets go of what it holds, when the engine has found that out.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRuntime, open } from '../../dist/index.js';
import { collectGarbage } from './garbage.mjs';

for (const [name, rows] of /** @type {const} */ ([
  ['that was never started', 0],
  ['in its middle', 1],
])) {
  test(`an iterator ${name} frees its statement`, async () => {
    const db = await open(createRuntime());
    const numbers = db.prepare(
      'with recursive n (i) as (select 1 union all select i + 1 from n limit 1000) select i from n',
    );
    (() => {
      const iterator = numbers.iterate();
      for (let i = 0; i < rows; i++) iterator.next();
    })();
    assert.equal(numbers.busy, true);
    for (const end = performance.now() + 20_000; numbers.busy && performance.now() < end; ) {
      collectGarbage();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.equal(numbers.busy, false);
    assert.equal(numbers.all().length, 1000);
    db.close();
  });
}
