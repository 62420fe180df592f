// Makes the replica set of one node and Comptoir's users where they are missing, and
// gives the users the passwords of the environment. It may be run again at any time.
try {
  rs.status();
} catch (e) {
  rs.initiate({ _id: "rs0", members: [{ _id: 0, host: "mongodb:27017" }] });
}
for (let i = 0; !db.hello().isWritablePrimary; i++) {
  if (i === 120) {
    print("the replica set has no primary after a minute: see the log of mongodb");
    quit(1);
  }
  sleep(500);
}
const state = db.getSiblingDB("comptoir");
for (const [name, pwd, role] of [
  ["functions", process.env.FUNCTIONS_PASSWORD, "readWrite"],
  ["query", process.env.QUERY_PASSWORD, "read"],
]) {
  const user = { pwd, roles: [{ role, db: "comptoir" }] };
  if (state.getUser(name)) {
    state.updateUser(name, user);
  } else {
    state.createUser({ user: name, ...user });
  }
  print(`the user ${name} may ${role} comptoir`);
}
