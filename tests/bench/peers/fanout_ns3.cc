/*
 * fanout_ns3 [name=value ...] [out=FILE]: query fan-out (fanout.h) with ns-3's packets and TCP.
 *
 * A star of point-to-point links round one router; one connection for each question, on which the
 * peer answers.  Segments of 1448 bytes, first window of 10, queue=N packets at every device
 * (default 4000: no losses, delay grows instead).  The router finds the outgoing link by
 * arithmetic, since a routing table of thousands of rows would be searched linearly.
 */
#include "fanout.h"
#include "ns3/core-module.h"
#include "ns3/internet-module.h"
#include "ns3/network-module.h"
#include "ns3/point-to-point-module.h"

#include <string>
#include <vector>

using namespace ns3;

static struct fanout fan = fanout_default();
static NodeContainer hosts;
static std::vector<int64_t> ends_ns;
static long answered_count;
enum { PORT = 80 };

/* Host i owns the network 10.x.x.x/30 number i: .1 is the router's end, .2 its own. */
static Ipv4Address address_of(int host, int end)
{
    return Ipv4Address(0x0A000000u + 4u * (uint32_t)host + (uint32_t)end);
}

class StarRouting : public Ipv4RoutingProtocol
{
  public:
    static TypeId GetTypeId()
    {
        static TypeId type = TypeId("StarRouting").SetParent<Ipv4RoutingProtocol>();
        return type;
    }
    explicit StarRouting(bool router) : m_router(router) {}
    Ptr<Ipv4Route> RouteOutput(Ptr<Packet>, const Ipv4Header &header, Ptr<NetDevice>,
                               Socket::SocketErrno &error) override
    {
        error = Socket::ERROR_NOTERROR;
        return Route(header.GetDestination());
    }
    bool RouteInput(Ptr<const Packet> packet, const Ipv4Header &header, Ptr<const NetDevice>,
                    UnicastForwardCallback forward, MulticastForwardCallback,
                    LocalDeliverCallback deliver, ErrorCallback) override
    {
        if (m_router)
            forward(Route(header.GetDestination()), packet, header);
        else
            deliver(packet, header, 1);
        return true;
    }
    void NotifyInterfaceUp(uint32_t) override {}
    void NotifyInterfaceDown(uint32_t) override {}
    void NotifyAddAddress(uint32_t, Ipv4InterfaceAddress) override {}
    void NotifyRemoveAddress(uint32_t, Ipv4InterfaceAddress) override {}
    void SetIpv4(Ptr<Ipv4> ip) override { m_ip = ip; }
    void PrintRoutingTable(Ptr<OutputStreamWrapper>, Time::Unit) const override {}

  private:
    Ptr<Ipv4Route> Route(Ipv4Address target)
    {
        /* Interface 0 is the loopback; the router's interface i + 1 leads to host i. */
        uint32_t interface = m_router ? 1 + ((target.Get() - 0x0A000000u) >> 2) : 1;
        Ptr<Ipv4Route> route = Create<Ipv4Route>();
        route->SetDestination(target);
        route->SetGateway(Ipv4Address::GetZero());
        route->SetOutputDevice(m_ip->GetNetDevice(interface));
        route->SetSource(m_ip->GetAddress(interface, 0).GetLocal());
        return route;
    }
    Ptr<Ipv4> m_ip;
    bool m_router;
};

class StarHelper : public Ipv4RoutingHelper
{
  public:
    explicit StarHelper(bool router) : m_router(router) {}
    StarHelper *Copy() const override { return new StarHelper(m_router); }
    Ptr<Ipv4RoutingProtocol> Create(Ptr<Node>) const override
    {
        return ns3::Create<StarRouting>(m_router);
    }

  private:
    bool m_router;
};

/* The peer's side: answers when the whole request is there. */
static void ServerReceive(std::shared_ptr<uint32_t> received_bytes, Ptr<Socket> socket)
{
    for (Ptr<Packet> packet = socket->Recv(); packet && packet->GetSize() > 0;
         packet = socket->Recv())
        *received_bytes += packet->GetSize();
    if (*received_bytes != (uint32_t)fan.request_bytes)
        return;
    *received_bytes = 0;
    socket->Send(Create<Packet>((uint32_t)fan.reply_bytes));
    socket->Close();
}

static void ServerAccept(Ptr<Socket> socket, const Address &)
{
    socket->SetRecvCallback(MakeBoundCallback(&ServerReceive, std::make_shared<uint32_t>(0)));
}

struct Question {
    long number;
    uint32_t received_bytes;
};

static void ClientReceive(Question *question, Ptr<Socket> socket)
{
    for (Ptr<Packet> packet = socket->Recv(); packet && packet->GetSize() > 0;
         packet = socket->Recv())
        question->received_bytes += packet->GetSize();
    if (question->received_bytes != (uint32_t)fan.reply_bytes)
        return;
    question->received_bytes++; /* only once */
    ends_ns[question->number] = Simulator::Now().GetNanoSeconds();
    answered_count++;
    socket->Close();
}

static void ClientConnected(Ptr<Socket> socket)
{
    socket->Send(Create<Packet>((uint32_t)fan.request_bytes));
}

static void ClientFailed(Ptr<Socket>)
{
    fprintf(stderr, "fanout_ns3: a connection failed\n");
}

static void Ask(int asker, int round)
{
    for (int i = 0; i < fan.peers_asked; i++) {
        auto *question = new Question{fanout_query(&fan, asker, round, i), 0};
        Ptr<Socket> socket =
            Socket::CreateSocket(hosts.Get(asker), TcpSocketFactory::GetTypeId());
        socket->SetRecvCallback(MakeBoundCallback(&ClientReceive, question));
        socket->SetConnectCallback(MakeCallback(&ClientConnected), MakeCallback(&ClientFailed));
        int peer = fanout_peer(&fan, asker, round, i);
        socket->Connect(InetSocketAddress(address_of(peer, 2), PORT));
    }
    if (round + 1 < fan.rounds)
        Simulator::Schedule(Seconds(fanout_ask_s(&fan, asker, round + 1)) - Simulator::Now(), &Ask,
                            asker, round + 1);
}

static void Attach(Ptr<Node> node, Ptr<NetDevice> device, Ipv4Address address)
{
    Ptr<Ipv4> ip = node->GetObject<Ipv4>();
    uint32_t interface = ip->AddInterface(device);
    ip->AddAddress(interface, Ipv4InterfaceAddress(address, Ipv4Mask("/30")));
    ip->SetUp(interface);
}

static void Platform()
{
    Ptr<Node> router = CreateObject<Node>();
    hosts.Create(fan.hosts);
    InternetStackHelper stack;
    stack.SetIpv6StackInstall(false);
    stack.SetRoutingHelper(StarHelper(false));
    stack.Install(hosts);
    stack.SetRoutingHelper(StarHelper(true));
    stack.Install(router);
    for (int i = 0; i < fan.hosts; i++) {
        PointToPointHelper link;
        link.SetChannelAttribute("Delay", TimeValue(Seconds(fanout_half_latency_s(&fan, i))));
        NetDeviceContainer devices = link.Install(NodeContainer(hosts.Get(i), router));
        DynamicCast<PointToPointNetDevice>(devices.Get(0))
            ->SetDataRate(DataRate((uint64_t)(fanout_up_bytes_per_s(&fan, i) * 8)));
        DynamicCast<PointToPointNetDevice>(devices.Get(1))
            ->SetDataRate(DataRate((uint64_t)(fanout_down_bytes_per_s(&fan, i) * 8)));
        Attach(hosts.Get(i), devices.Get(0), address_of(i, 2));
        Attach(router, devices.Get(1), address_of(i, 1));
        Ptr<Socket> server = Socket::CreateSocket(hosts.Get(i), TcpSocketFactory::GetTypeId());
        server->Bind(InetSocketAddress(Ipv4Address::GetAny(), PORT));
        server->Listen();
        server->SetAcceptCallback(MakeNullCallback<bool, Ptr<Socket>, const Address &>(),
                                  MakeCallback(&ServerAccept));
    }
}

int main(int argument_count, char **arguments)
{
    const char *out = nullptr;
    std::string queue = "4000p";
    for (int i = 1; i < argument_count; i++) {
        if (strncmp(arguments[i], "out=", 4) == 0)
            out = arguments[i] + 4;
        else if (strncmp(arguments[i], "queue=", 6) == 0)
            queue = std::string(arguments[i] + 6) + "p";
        else
            fanout_argument(&fan, arguments[i]);
    }
    Config::SetDefault("ns3::TcpSocket::SegmentSize", UintegerValue(1448));
    Config::SetDefault("ns3::TcpSocket::InitialCwnd", UintegerValue(10));
    Config::SetDefault("ns3::TcpSocket::SndBufSize", UintegerValue(1 << 22));
    Config::SetDefault("ns3::TcpSocket::RcvBufSize", UintegerValue(1 << 22));
    Config::SetDefault("ns3::DropTailQueue<Packet>::MaxSize", StringValue(queue));
    ends_ns.assign(fanout_query_count(&fan), -1);
    Platform();
    for (int i = 0; i < fan.askers; i++)
        Simulator::Schedule(Seconds(fanout_ask_s(&fan, i, 0)), &Ask, i, 0);
    double begin_s = fanout_cpu_s();
    Simulator::Stop(Seconds(fan.rounds * fan.period_s + 300));
    Simulator::Run();
    double cpu_s = fanout_cpu_s() - begin_s, flows = 2.0 * (double)fanout_query_count(&fan);
    printf("flows_per_s\t%.0f\t1/s\n", flows / cpu_s);
    printf("us_per_flow\t%.3f\tus\n", cpu_s / flows * 1e6);
    printf("answered\t%ld\t1\n", answered_count);
    printf("resident_bytes\t%.0f\tB\n", fanout_resident_bytes());
    if (out != nullptr) {
        FILE *file = fopen(out, "wb");
        if (file == nullptr)
            return 1;
        fwrite(ends_ns.data(), sizeof(ends_ns[0]), ends_ns.size(), file);
        fclose(file);
    }
    fflush(stdout);
    _Exit(0); /* taking thousands of nodes down takes longer than the run */
}
