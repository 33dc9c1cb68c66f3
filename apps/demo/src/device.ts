// Which of the pretended devices this window is: each has a database, a login and an offline switch of its own.

const query = new URLSearchParams(location.search);

/** 1 without `?device=`. */
export const deviceNumber = Math.max(1, Math.floor(Number(query.get("device") ?? 1)) || 1);

export const databaseName = deviceNumber === 1 ? "holdfast-demo" : `holdfast-demo-${deviceNumber}`;

/** The test users of the sign-in service. */
export const userNames = ["ada", "grace"] as const;

export type UserName = (typeof userNames)[number];

export function isUserName(value: string | null): value is UserName {
  return userNames.some((name) => name === value);
}

/** `?user=ada` signs in at start; it is taken once, so that a reload after signing out does not sign in again. */
export function takeUserFromUrl(): UserName | null {
  const user = query.get("user");
  if (user === null) return null;
  query.delete("user");
  const rest = query.toString();
  history.replaceState(null, "", `${location.pathname}${rest === "" ? "" : `?${rest}`}${location.hash}`);
  return isUserName(user) ? user : null;
}

/** A named window: pressing the button again brings the same one to the front. */
export function openSecondDevice(user: UserName | null): void {
  const next = deviceNumber + 1;
  const login = user === null ? "" : `&user=${user}`;
  window.open(`?device=${next}${login}`, `holdfast-device-${next}`, "popup,width=1100,height=800");
}
