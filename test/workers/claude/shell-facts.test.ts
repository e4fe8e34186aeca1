import { describe, expect, it } from 'vitest';
import { simpleCommands } from '../../../src/workers/claude/shell-commands.ts';
import { shellFacts } from '../../../src/workers/claude/shell-facts.ts';

const words = (line: string) => simpleCommands(line).map((command) => command.words.join(' '));

describe('the commands of a shell line', () => {
  it.each<[string, string[]]>([
    ['ls -la', ['ls -la']],
    ['cd src && npm test; echo done | tee log', ['cd src', 'npm test', 'echo done', 'tee log']],
    ['echo "a; rm -rf /" \'b && c\'', ['echo a; rm -rf / b && c']],
    ['echo "$(rm -rf a)" `git clean -f`', ['rm -rf a', 'git clean -f', 'echo $(rm -rf a) ']],
    ['echo hi # rm -rf x\nls', ['echo hi', 'ls']],
    ['echo a#b', ['echo a#b']],
    ['grep x 2>/dev/null >out.txt -n', ['grep x -n']],
    ['echo \\; rm', ['echo ; rm']],
    ['cat <<END > f\nrm -rf /\nEND\nls', ['cat', 'ls']],
    ['(cd a; (rm -r b))', ['cd a', 'rm -r b']],
    ["echo 'never closed", ['echo never closed']],
    ['$((1+2)) $(', ['1+2', ' ']],
    ['', []],
  ])('%j', (line, expected) => {
    expect(words(line)).toEqual(expected);
  });

  it('keeps what a here-document feeds, also through a pipe', () => {
    const [cat, psql] = simpleCommands("cat <<'END' | psql app\ndrop table t;\nEND\n");
    expect([cat?.input, psql?.words]).toEqual(['drop table t;\n', ['psql', 'app']]);
  });

  it('takes linear time', () => {
    for (const nasty of ['$(', '"', '`', "'", '\\', '<<a\n', '(', '$((', '"$(']) {
      const started = performance.now();
      simpleCommands(nasty.repeat(20_000));
      expect(performance.now() - started).toBeLessThan(3000);
    }
  });
});

describe('a destructive command', () => {
  it.each([
    'rm -rf build',
    'rm -r -f build',
    'rm --recursive x',
    'sudo -u root rm -Rf /var/x',
    'cd x && /bin/rm -fr y',
    'FOO=1 env A=b nice -n 5 timeout 5 rm -rf z',
    'find . -name "*.tmp" -print0 | xargs -0 rm -rf',
    'find . -name x -delete',
    'find . -type f -exec rm {} +',
    'git reset --hard HEAD~1',
    'git -C sub reset --hard',
    'git clean -fdx',
    'git checkout -- .',
    'git restore .',
    'git push -f origin main',
    'git push origin :old',
    'git branch -D x',
    'git stash drop',
    'chmod -R 777 .',
    'dd if=/dev/zero of=/dev/sda',
    'mkfs.ext4 /dev/sdb1',
    'echo x > /dev/nvme0n1',
    'bash -c "cd /tmp; rm -rf x"',
    "sh -lc 'git reset --hard'",
    'eval "rm -rf x"',
    'bash <<END\nrm -rf x\nEND',
    'psql app -c "DROP TABLE users"',
    'cat <<END | mysql app\ndrop database app;\nEND',
    'sqlite3 a.db "delete from users;"',
    'redis-cli flushall',
    'if true; then rm -rf x; fi',
    'x=$(rm -rf y)',
    'python3 -c "import shutil; shutil.rmtree(\'a\')"',
    'node -e "fs.rmSync(\'a\', { recursive: true })"',
    'docker system prune -af',
    'kubectl delete ns prod',
    'terraform destroy -auto-approve',
  ])('%s', (command) => {
    expect(shellFacts(command).risk).toEqual(expect.any(String));
  });

  it.each([
    'rm a.txt',
    'rm -f a.txt',
    'echo "rm -rf /"',
    "grep -rn 'rm -rf' src",
    'git commit -m "git reset --hard is gone"',
    'git reset HEAD a.txt',
    'git clean -nfd',
    'git checkout main',
    'git restore --staged .',
    'git push origin main',
    'cat rm -rf.txt | head',
    'cat <<END > notes.md\nrm -rf /\nEND',
    'psql app -c "select * from dropped"',
    'sqlite3 a.db "delete from users where id = 1"',
    'dd if=/dev/sda of=/dev/null',
    'chmod 755 x',
    'echo x > /dev/null',
    'npm run format',
    'node rm.js -rf',
    'constructor -rf',
    '',
  ])('is not: %s', (command) => {
    expect(shellFacts(command).risk).toBeUndefined();
  });
});

describe('what a command is for', () => {
  it.each([
    'npm test',
    'npm run test:unit -- --watch=false',
    'npx vitest run a',
    'cd x && CI=1 node --test 2>&1 | tail -20',
    'python -m pytest -q',
    'pytest tests/a.py',
    'go test ./...',
    'cargo test',
    './gradlew test',
    'make check',
    'bash -c "npm test"',
    'timeout 60 npm test',
    'ls && npm test',
  ])('tests: %s', (command) => {
    expect(shellFacts(command).runs).toBe('tests');
  });

  it.each(['grep -rn x .', 'rg foo | head', 'ls', 'git grep x', 'find . -name a'])(
    'search: %s',
    (command) => {
      expect(shellFacts(command).runs).toBe('search');
    },
  );

  it.each([
    'npm install',
    'npm run build',
    'git status',
    'node test.js',
    'cat test',
    'echo npm test',
  ])('neither: %s', (command) => {
    expect(shellFacts(command).runs).toBeUndefined();
  });
});
