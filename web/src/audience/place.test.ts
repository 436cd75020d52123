import assert from 'node:assert/strict';
import { test } from 'node:test';
import { before, minutes, progress, said_place, said_wait } from './place.ts';

const C = 2 ** 32;

test('a rank that is admitted has nobody before it', () => {
  assert.deepEqual(before(5 * C, 5 * C, [[0, 9, 1000]]), { people: 0, deviation: 0 });
});

test('whole pieces before a rank count whole, its own piece by the share of it', () => {
  const found = before(2 * C + C / 2, -1, [
    [0, 0, 4000],
    [1, 1, 300],
    [2, 2, 201],
    [3, 9, 5000],
  ]);
  assert.ok(Math.abs(found.people - 4400) < 0.01);
  assert.ok(found.deviation > 7 && found.deviation < 7.2);
});

test('people of a piece stand evenly in what of it is not yet admitted', () => {
  const line: [number, number, number][] = [[0, 0, 1001]];
  assert.ok(Math.abs(before(0.75 * C, 0.5 * C, line).people - 500) < 0.01);
  assert.ok(Math.abs(before(0.5 * C + 1, 0.5 * C, line).people) < 0.01);
});

test('who waits alone is next, wherever in the cohort', () => {
  for (const share of [0, 0.3, 0.99]) {
    assert.deepEqual(said_place(before(7 * C + share * C, 3 * C, [[7, 7, 1]])), {
      n: 0,
      about: false,
    });
  }
});

test('nobody earlier in the same line ever has a greater place', () => {
  const line: [number, number, number][] = [
    [0, 0, 90_000],
    [1, 4, 7_000],
    [5, 5, 12],
  ];
  let last = -1;
  for (let step = 0; step <= 600; step += 1) {
    const { people } = before((step / 100) * C, 0.25 * C, line);
    assert.ok(people >= last);
    last = people;
  }
  assert.ok(last > 97_000);
});

test('a place is exact only below fifty and where it is known to a person', () => {
  assert.deepEqual(said_place({ people: 37, deviation: 0 }), { n: 37, about: false });
  assert.deepEqual(said_place({ people: 37, deviation: 5 }), { n: 35, about: true });
  assert.deepEqual(said_place({ people: 50, deviation: 0 }), { n: 50, about: true });
  assert.deepEqual(said_place({ people: 873, deviation: 0 }), { n: 870, about: true });
  assert.deepEqual(said_place({ people: 12_437, deviation: 0 }), { n: 12_400, about: true });
  assert.deepEqual(said_place({ people: 123_456, deviation: 0 }), { n: 123_000, about: true });
  assert.deepEqual(said_place({ people: 7_654_321, deviation: 0 }), { n: 7_650_000, about: true });
  assert.deepEqual(said_place({ people: 0.4, deviation: 2 }), { n: 1, about: true });
});

test('a time is only said where the line moves, and ever more roughly', () => {
  assert.equal(minutes(100, 0), null);
  assert.equal(minutes(599, 10), 1);
  assert.deepEqual(said_wait(0.5), { unit: 'moment', n: 0 });
  assert.deepEqual(said_wait(4.2), { unit: 'minutes', n: 4 });
  assert.deepEqual(said_wait(33), { unit: 'minutes', n: 35 });
  assert.deepEqual(said_wait(100), { unit: 'hours', n: 1.5 });
  assert.deepEqual(said_wait(1_000), { unit: 'hours', n: 16.5 });
});

test('progress runs from where one came in to the door', () => {
  assert.equal(progress(400, 400), 0);
  assert.equal(progress(100, 400), 0.75);
  assert.equal(progress(0, 0), 1);
  assert.equal(progress(500, 400), 0);
});
