import { homedir } from 'node:os';
import type { Host } from '../workspace/host.ts';
import type { ProfileHost } from './profile.ts';

/** Where profiles are looked for on this host. */
export function profileHostOf(host: Host): ProfileHost {
  return {
    env: host.env,
    home: host.env.HOME || homedir(),
    platform: process.platform,
    profilesFile: host.home.profiles,
  };
}
