/// What happens to a consumer's connections and to itself. The equivalent of the PHP client's onConnect and onError.
public enum ConsumerEvent: Sendable {
    /// The center lists a node that was not known.
    case nodeAdded(NodeIdentity)
    /// A node left the center's list and was left in order.
    case nodeRemoved(NodeIdentity)
    /// A node restarted: same address, new id. The old one's end users, contexts and channels are gone.
    case nodeReplaced(old: NodeIdentity, new: NodeIdentity)
    /// A WebSocket to the node is open; commands may go there. Nothing is popped yet.
    case nodeConnected(NodeIdentity)
    /// The connection ended; unless it was left in order the node is tried again with growing pauses.
    case nodeDisconnected(NodeIdentity, reason: String, clean: Bool)
    /// The node could not be reached. It is tried again with growing pauses.
    case nodeUnreachable(NodeIdentity, reason: String)
    /// No WebSocket is open, and the node takes mesh commands by HTTP (`httpFallback`). Nothing is popped.
    case nodeByHTTP(NodeIdentity)
    /// The node's queues are being popped.
    case nodeConsuming(NodeIdentity)
    /// The connection is open, and the node's queues are not popped.
    case nodeNotConsuming(NodeIdentity, reason: NotConsuming)
    /// The center cannot be reached or talks nonsense; `nil`: it is well again. The known nodes are kept.
    case centerTrouble(String?)
    /// A frame that is no event and no awaited answer. Harmless.
    case unknownFrame(NodeIdentity, reason: String)
    /// A message that cannot be understood. It is in the journal as dead.
    case unreadableMessage(id: Int64, node: String, reason: String)
    /// A message whose dedupe key was seen before: counted, and not handled again. `entry` had the key first.
    case repeated(key: String, entry: Int64)
    /// Messages were journaled, or have ended, and could not be acknowledged: ``Acknowledgement``'s closure gave a value that cannot be
    /// sent. Told once a commit: the first of them, and how many there were.
    case notAcknowledged(entry: Int64, messages: Int, reason: String)
    /// A handler failed; the entry is tried again, or dead.
    case handlerFailed(id: Int64, attempt: Int, error: String, isDead: Bool)
    /// A command was given up.
    case commandDead(id: Int64, reason: String)
    /// A command was not sent before its time ran out.
    case commandExpired(id: Int64, reason: String)
    /// A command that may be written only once was, and no answer came: an operator has to decide.
    case commandUnknown(id: Int64, reason: String)
    /// Nothing is taken any more, for a reason that passes (a full disk, too much under way).
    case paused(reason: String)
    /// Messages are taken again: what `paused` said is over.
    case resumed
    /// An operator paused a topic, or all: its messages wait, and are not popped either where the pause says so.
    case topicPaused(TopicPause)
    /// An operator lets a topic go on; `nil`: what was paused as a whole.
    case topicResumed(String?)
    /// Message after message of a topic fails for one cause: they are tried one at a time, with growing pauses, and no attempt counts.
    case topicProbed(ProbedTopic)
    /// A message of a topic that was probed was handled: all of them go on.
    case topicRecovered(String)
    /// Handlers do not come back: so many of all of them have had one message for more than half a minute, the longest this entry, for so
    /// long. Told once, again each time that it has become twice as long, and when all of them hold one: nothing is handled then. Where such
    /// messages come back it is told of others once they have taken twice as long, or twenty minutes; after an hour without any, anew.
    case handlersHeld(Int, of: Int, entry: Int64, for: Duration)
    /// Somebody set the wall clock, by so much; below zero: back. What waits for a retry or a pause waits on as before.
    case clockJumped(by: Duration)
    /// The file's log has reached 64 MiB, or twice what was told of last: it cannot start over, for this reason.
    case logGrown(bytes: Int64, reason: String)
    /// The log is within 64 MiB again.
    case logShrunk(bytes: Int64)
    /// What is older than ``Retention`` asks for could not be deleted, for this reason. It is tried again after a minute; everything else goes on.
    case pruneFailed(reason: String)
    /// The database or its lock file was removed or replaced, or another consumer has taken it over: nothing more is taken, and `run`
    /// ends with `fileLost`.
    case fileLost(reason: String)
}
