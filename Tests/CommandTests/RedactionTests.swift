import ConnmixDurable
import Testing

@testable import connmix_durable

@Suite("redaction")
struct RedactionTests {
    private func redacted(
        _ rules: String, _ json: String, isUnreadable: Bool = false
    ) throws -> (json: String, idle: [String]) {
        var redaction = Redaction([try #require(RedactionRules(argument: rules))])
        let result = redaction.apply(to: Array(json.utf8), isUnreadable: isUnreadable)
        #expect(result.withUnsafeBufferPointer { JSONScanner.isValue($0) })
        return (String(decoding: result, as: UTF8.self), redaction.idle(hasData: true))
    }

    @Test(
        "a path leads through objects, arrays, and texts that are JSON, and what is made anew has the same shape",
        arguments: [
            (
                "data.frame.data.phone", #"{"data":{"frame":{"data":"{\"phone\":\"+41\",\"x\":1.50}"}}}"#,
                #"{"data":{"frame":{"data":"{\"phone\":\"[redacted]\",\"x\":1.50}"}}}"#
            ),
            // Twice the same key, an escaped one, one with blanks around it.
            (
                "data.phone", #"{"data":{"phone":1,"ph\u006fne":2, "phone" : {"a":3}, "other":4}}"#,
                #"{"data":{"phone":"[redacted]","ph\u006fne":"[redacted]","phone":"[redacted]","other":4}}"#
            ),
            (
                "data.a.phone,data.b", #"{"data":{"a":[{"phone":1},[{"phone":2}],"{\"phone\":3}",4],"b":null}}"#,
                #"{"data":{"a":[{"phone":"[redacted]"},[{"phone":"[redacted]"}],"{\"phone\":\"[redacted]\"}",4],"b":"[redacted]"}}"#
            ),
            (
                "data.*.p", #"{"data":{"a":{"p":1},"b":"[{\"p\":2}]"}}"#,
                #"{"data":{"a":{"p":"[redacted]"},"b":"[{\"p\":\"[redacted]\"}]"}}"#
            ),
            (#"data.a\.b"#, #"{"data":{"a.b":1,"a":{"b":2}}}"#, #"{"data":{"a.b":"[redacted]","a":{"b":2}}}"#),
            (#".data.a\,b,x"#, #"{"data":{"a,b":1},"x":2}"#, #"{"data":{"a,b":"[redacted]"},"x":"[redacted]"}"#),
            // JSON in a text in a text.
            ("data.d.p", #"{"data":{"d":"\"{\\\"p\\\":7}\""}}"#, #"{"data":{"d":"\"{\\\"p\\\":\\\"[redacted]\\\"}\""}}"#),
            // What others may still read as JSON, and holds the key: several values, a cut one, base64.
            (
                "data.d.pin", #"{"data":[{"d":"{\"pin\":1}\n{\"pin\":2}"},{"d":"{\"pin\":9"},{"d":"eyJwaW4iOjl9"}]}"#,
                #"{"data":[{"d":"[redacted]"},{"d":"[redacted]"},{"d":"[redacted]"}]}"#
            ),
            (
                "data.d.pin", #"{"data":[{"d":"[sticker]"},{"d":"my pin"},{"d":"{\"pin\":1}"}]}"#,
                #"{"data":[{"d":"[sticker]"},{"d":"my pin"},{"d":"{\"pin\":\"[redacted]\"}"}]}"#
            ),
            // Nothing to hide in it: as it was written, to the byte.
            (
                "data.d.p,x", #"{"data":{"d":"{ \"q\" : \"\u00e9\" }"},"x":1}"#,
                #"{"data":{"d":"{ \"q\" : \"\u00e9\" }"},"x":"[redacted]"}"#
            ),
        ])
    func paths(rules: String, json: String, expected: String) throws {
        #expect(try redacted(rules, json).json == expected)
    }

    @Test("what quotes a value goes with it: errors, also of attempts, lane, dedupe key; other words stay")
    func quotes() throws {
        let entry = #"""
            {"last_error":"no user with +41 79 123 45 67","lane":"room 41791234567","dedupe_key":"[\"t\",\"+41791234567\"]",\#
            "data":{"phone":"+41791234567","pin":77},"attempts_log":[{"attempt":1,"error":"timeout"},{"attempt":2,"error":"PIN 77 is wrong"}]}
            """#
        let result = try redacted("data.phone,data.pin", entry).json
        #expect(!result.contains("123") && !result.contains("77"))
        #expect(result.contains(#""error":"timeout""#))
        #expect(result.contains(#""attempt":2,"error":"[redacted]""#))
        let other = try redacted("data.pin", #"{"last_error":"no stock of 177","data":{"pin":77}}"#).json
        #expect(other.contains("no stock of 177"))
        let words = try redacted("data.text", #"{"last_error":"KeyError: 'Zürich'","data":{"text":"to ZüRICH, please"}}"#).json
        #expect(words.contains(#""last_error":"[redacted]""#))
    }

    @Test("a frame that was not understood is hidden whole where a rule leads into data, and counts as no hit")
    func unreadable() throws {
        let frame = try redacted("data.phone", #"{"topic":"","data":{"p":{"d":{"phone":1}}}}"#, isUnreadable: true)
        #expect(frame.json == #"{"topic":"","data":"[redacted]"}"#)
        #expect(frame.idle == ["data.phone"])
        let bytes = try redacted("data.phone,topic", #"{"topic":"t","data_base64":"AAE="}"#)
        #expect(bytes.json == #"{"topic":"[redacted]","data":"[redacted]"}"#)
        #expect(try redacted("topic", #"{"topic":"t","data_base64":"AAE="}"#).json.contains("AAE="))
        #expect(try redacted("data", #"{"data_base64":"AAE="}"#).idle == [])
    }

    @Test("rules that cannot be meant", arguments: ["", "data..x", "a,,b", "a.", #"a\"#, "."])
    func wrong(rules: String) {
        #expect(RedactionRules(argument: rules) == nil)
    }
}
