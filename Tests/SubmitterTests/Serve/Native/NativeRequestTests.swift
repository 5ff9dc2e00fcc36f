import HTTPTypes
import Shared
import Testing

@testable import Submitter

struct NativeRequestTests {
    private func request(_ text: String, allowsOpenAI: Bool = false) throws -> NativeRequest {
        try NativeRequest(try JSON(parsing: Array(text.utf8)), allowsOpenAI: allowsOpenAI)
    }

    private static let messages = #""messages":[{"role":"user","content":"hi"}]"#

    @Test func `all fields find their place in the neutral request`() throws {
        let request = try request(
            #"{"model_name":"m",\#(Self.messages),"parameters":{"temperature":1.0,"x":null},"user_id":"u","stream":true,"#
                + #""provider":"zhipu","routing_strategy":"priority","deadline_ms":1500,"priority":"high","#
                + #""background":true,"on_worker_loss":"restart","cache_ttl":60}"#)

        #expect(
            String(decoding: try request.validated().body.encoded, as: UTF8.self)
                == #"{"model":"m",\#(Self.messages),"temperature":1.0,"stream":true,"user":"u"}"#)
        #expect(request.provider == .zhipu)
        #expect(request.routingStrategy == "priority")
        #expect(request.deadline == .milliseconds(1500))
        #expect(request.lane == .high)
        #expect(request.isBackground)
        #expect(request.onWorkerLoss == .restart)
        #expect(request.cacheTTL == 60)
    }

    @Test func `a job may also be an OpenAI body with our own members`() throws {
        let request = try request(
            #"{"model":"m",\#(Self.messages),"priority":"batch","x_unknown":1}"#, allowsOpenAI: true)

        #expect(
            String(decoding: try request.validated().body.encoded, as: UTF8.self)
                == #"{"model":"m",\#(Self.messages),"x_unknown":1}"#)
        #expect(request.lane == .batch)
    }

    @Test(
        arguments: [
            ("[]", nil), (#"{"messages":[{"role":"user","content":"hi"}]}"#, "model_name"),
            (#"{"model_name":"m"}"#, "messages"), (#"{"model_name":1}"#, "model_name"),
            (#"{"model_name":"m",\#(messages),"paramters":{}}"#, "paramters"),
            (#"{"model_name":"m",\#(messages),"parameters":[]}"#, "parameters"),
            (#"{"model_name":"m",\#(messages),"parameters":{"model":"x"}}"#, "parameters.model"),
            (#"{"model_name":"m",\#(messages),"parameters":{"temperature":"3"}}"#, "parameters.temperature"),
            (#"{"model_name":"m",\#(messages),"parameters":{"n":"1"}}"#, "parameters.n"),
            (#"{"model_name":"m","messages":[{"role":5,"content":"x"}]}"#, "messages[0].role"),
            (#"{"model_name":"m",\#(messages),"user_id":5}"#, "user_id"),
            (#"{"model_name":"m",\#(messages),"stream":"yes"}"#, "stream"),
            (#"{"model_name":"m",\#(messages),"provider":"nobody"}"#, "provider"),
            (#"{"model_name":"m",\#(messages),"provider":5}"#, "provider"),
            (#"{"model_name":"m",\#(messages),"routing_strategy":"magic"}"#, "routing_strategy"),
            (#"{"model_name":"m",\#(messages),"deadline_ms":0}"#, "deadline_ms"),
            (#"{"model_name":"m",\#(messages),"cache_ttl":-1}"#, "cache_ttl"),
            (#"{"model_name":"m",\#(messages),"cache_ttl":"1"}"#, "cache_ttl"),
            (#"{"model_name":"m",\#(messages),"deadline_ms":"5"}"#, "deadline_ms"),
            (#"{"model_name":"m",\#(messages),"priority":"urgent"}"#, "priority"),
            (#"{"model_name":"m",\#(messages),"background":1}"#, "background"),
            (#"{"model_name":"m",\#(messages),"on_worker_loss":"cry"}"#, "on_worker_loss"),
        ] as [(String, String?)])
    func `a mistake names the caller's own field`(body: String, param: String?) throws {
        let error = #expect(throws: APIError.self) { _ = try request(body).validated() }

        #expect(error?.status.code == 400)
        #expect(error?.param == param)
        if let param { #expect(error?.message.contains(param) == true) }
    }
}
