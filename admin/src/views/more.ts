// The views behind the first one: their script is loaded once the first is shown.
export { Clients } from "./clients";
export { ClientItem, ProductItem } from "./items";
export { Risk } from "./risk";
export { StatusView } from "./status";
export { Trend } from "./trend";
export { Winners } from "./winners";
