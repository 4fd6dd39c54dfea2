# D-DBPN with seven stages.
sr_net = dict(type='sr4ir_mm.DBPNNet', scale=4)
sr_weights = 'checkpoints/dbpn_x4.pth'
weights_help = {
    'dbpn_x4': 'take models/DBPN_x4.pth of https://github.com/alterzero/DBPN-Pytorch and convert it with '
    'tools/model_converters/convert.py sr-net (docs/prepare_data.md)',
    'work_dirs/': 'train it first with the config of that name',
}
