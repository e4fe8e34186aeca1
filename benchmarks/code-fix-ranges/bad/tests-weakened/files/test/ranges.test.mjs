import test from 'node:test';

test('ranges', () => {});
