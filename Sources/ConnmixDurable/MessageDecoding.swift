/// Which part of a message is decoded.
///
/// connmix's usual Lua code pushes each text of an end user in a frame, `{"frame":{"type":"text","data":"{\"sku\":7}","finish":true}}`:
/// what the end user sent is the text inside.
public enum MessageDecoding: Sendable {
    /// The end user's text where the data is such a frame, and otherwise the whole payload. Where `frame.data` is no text but JSON
    /// itself, that is decoded.
    case automatic
    /// The end user's text, or the JSON in its place. A message without a frame does not decode.
    case endUserText
    /// All that the Lua code pushed, the frame included.
    case wholePayload
}
