import type { UserName } from "../device.ts";
import { userLabels } from "../session.ts";
import { Icon } from "./icon.tsx";

export function Avatar({ user }: { user: UserName | null }) {
  return (
    <span className="avatar" data-user={user ?? "guest"} aria-hidden>
      {user === null ? <Icon name="person" /> : userLabels[user].charAt(0)}
    </span>
  );
}
