import { exec, execFile } from 'node:child_process';

export function archive(request, done) {
  exec(`tar -czf backup.tgz ${request.body.folder}`, done);
}

export function convert(request, done) {
  execFile('convert', ['--', request.body.image, 'out.png'], done);
}

export function rotate(done) {
  exec('logrotate /etc/portal/logrotate.conf', done);
}
