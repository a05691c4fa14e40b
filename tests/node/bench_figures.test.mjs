// What the benchmark makes of what it measured.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exponentOf, summarise, worseThanLinear } from '../../bench/growth/growth.js';
import { median, quantile } from '../../bench/statistics.js';
import { targets, targetsOf } from '../../bench/targets.js';

test('the middle of samples, and the value below which a share of them lies', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.ok(Number.isNaN(median([])));
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
  assert.equal(quantile(hundred, 0.5), 51);
  assert.equal(quantile(hundred, 0.99), 100);
  assert.equal(quantile([7], 0.99), 7);
});

test('how cost grows', () => {
  const points = [1, 2, 4, 8];
  const near = (/** @type {number} */ a, /** @type {number} */ b) => Math.abs(a - b) < 1e-9;
  for (const power of [0, 0.5, 1, 2]) {
    assert.ok(
      near(
        exponentOf(
          points,
          points.map((x) => 3 * x ** power),
        ),
        power,
      ),
    );
  }
  const parts = [
    { name: 'line', title: 'in proportion', unit: 'µs' },
    { name: 'square', title: 'quadratic', unit: 'µs' },
  ];
  const costs = points.map((x) => ({ line: 5 * x, square: x * x }));
  const axis = { name: 'a', title: 'a', unit: 'a', quick: points, full: points, parts };
  const report = summarise({ ...axis, async *measure() {} }, points, costs);
  assert.deepEqual(
    worseThanLinear(report).map(({ name }) => name),
    ['square'],
  );
  const missing = costs.map(({ line }) => ({ line }));
  assert.throws(() => summarise({ ...axis, async *measure() {} }, points, missing), /NaN/);
});

/**
 * @param {string} name
 * @param {string} measure
 * @param {Record<string, number[]>} samples by contender
 */
function workload(name, measure, samples, lessIsBetter = false) {
  const figures = Object.fromEntries(
    Object.entries(samples).map(([contender, list]) => [
      contender,
      { median: median(list.filter(Number.isFinite)), min: 0, max: 0, samples: list },
    ]),
  );
  const measures = [{ name: measure, title: '', unit: '', lessIsBetter, figures }];
  return { name, title: name, cachePages: 1, measures };
}

test('a target is a ratio of medians, with what single repetitions gave', () => {
  const samples = { sharedwal: [200, 100, 300], official_direct: [100, 100, 400] };
  const [found, ...others] = targetsOf([workload('bulk_insert', 'rows', samples)]);
  assert.deepEqual(others, []);
  assert.deepEqual(found, {
    ...{ title: 'bulk insert against official direct', wanted: '≥ 0.95' },
    ...{ reached: 2, min: 0.75, max: 2, met: true },
  });
});

test('where less is better, the ratio says how many times sooner', () => {
  const samples = { sharedwal: [2, 1], official_direct: [Number.NaN, 9] };
  const [found] = targetsOf([workload('open_another', 'milliseconds', samples, true)]);
  assert.equal(found?.reached, 6);
  assert.deepEqual([found?.min, found?.max, found?.met], [9, 9, false]);
});

test('what could not be measured is missed, and what was not run is left out', () => {
  const alone = workload('point_reads', 'reads', { sharedwal: [1], official_direct: [1] });
  const [failed] = targetsOf([workload('bulk_insert', 'rows', { official_direct: [1] })]);
  assert.ok(failed && Number.isNaN(failed.reached) && !failed.met);
  assert.deepEqual(targetsOf([workload('point_reads_by_two', 'reads', { sharedwal: [2] })]), []);
  const two = workload('point_reads_by_two', 'reads', { sharedwal: [2] });
  const titles = targetsOf([alone, two]).map(({ title }) => title);
  assert.ok(titles.includes('point reads of two workers against one'));
});

test('every target names a workload and a measure that there are', async () => {
  const { workloads } = await import('../../bench/workloads/all.js');
  for (const { title, workload: name, measure, against } of targets) {
    for (const one of [name, against?.workload ?? name]) {
      const found = workloads.find((candidate) => candidate.name === one);
      assert.ok(found?.measures[measure], title);
    }
  }
});
