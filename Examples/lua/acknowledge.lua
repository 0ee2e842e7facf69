-- The gateway's part of delivery without loss, to put into connmix's Lua code: docs/acknowledgement.md

function on_message(msg)
    local conn = mix.websocket()
    local frame = json.decode(msg["data"])
    mix.queue.push("chat", { frame = msg })
    repeat
        conn:wait_context_value("ack")
    until conn:context()["ack"] == frame["n"]
    conn:send(json.encode({ ack = frame["n"] }))
end
