/**
 * A history as text. The SDK's own functions for this fail where npm has laid several versions of protobufjs
 * side by side (TypeError: type must be a Type), as it does here.
 */
import proto from '@temporalio/proto';

const { History: HistoryType } = proto.temporal.api.history.v1;
export type History = proto.temporal.api.history.v1.History;

export const historyToText = (history: proto.temporal.api.history.v1.IHistory): string =>
  `${JSON.stringify(HistoryType.toObject(HistoryType.fromObject(history), { longs: String, bytes: String }), undefined, 1)}\n`;

export const historyOfText = (text: string): History =>
  HistoryType.fromObject(JSON.parse(text) as Record<string, unknown>);
